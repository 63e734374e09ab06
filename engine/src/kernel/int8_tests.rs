//! Products in 8 bits against their definition, by every method that the processor has.

use proptest::prelude::*;

use super::int8::*;
use super::linear8::Linear8;

/// Numbers in -1..1, as many as asked for.
fn numbers(seed: u64, count: usize) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..count).map(|_| random.f32() * 2.0 - 1.0).collect()
}

/// The definition, one number at a time.
fn by_definition(weights: &[f32], outputs: usize, bias: &[f32], rows: &[f32]) -> Vec<f32> {
    let inputs = weights.len() / outputs;
    let largest = |values: &mut dyn Iterator<Item = f32>| values.fold(0.0f32, |a, b| a.max(b.abs()));
    let codes = |value: f32, largest: f32| {
        if largest == 0.0 { 0.0 } else { (value * (127.0 / largest)).round_ties_even() }
    };
    let mut out = Vec::new();
    for row in rows.chunks(inputs) {
        let row_largest = largest(&mut row.iter().copied());
        for column in 0..outputs {
            let weight = |k: usize| weights[k * outputs + column];
            let column_largest = largest(&mut (0..inputs).map(weight));
            let sum: f64 = (0..inputs)
                .map(|k| f64::from(codes(row[k], row_largest) * codes(weight(k), column_largest)))
                .sum();
            let (row_scale, column_scale) = (row_largest / 127.0, column_largest / 127.0);
            out.push(sum as f32 * row_scale * column_scale + bias[column]);
        }
    }
    out
}

proptest! {
    #[test]
    fn every_method_gives_the_bits_of_the_definition(
        inputs in 1usize..70,
        outputs in 1usize..70,
        rows in 1usize..30,
        seed in any::<u64>(),
    ) {
        let (weights, bias) = (numbers(seed, inputs * outputs), numbers(seed ^ 1, outputs));
        let rows = numbers(seed ^ 2, rows * inputs);
        let expected = by_definition(&weights, outputs, &bias, &rows);
        let linear = Linear8::quantize(&weights, outputs, Some(&bias)).unwrap();
        for method in Method::all() {
            let mut out = vec![f32::NAN; expected.len()];
            linear.multiply_by(method, &rows, &mut out);
            prop_assert_eq!(&out, &expected, "{:?}", method);
        }
    }
}

#[test]
fn products_are_near_those_of_the_numbers() {
    let (inputs, outputs) = (384, 96);
    let (weights, rows) = (numbers(1, inputs * outputs), numbers(2, 20 * inputs));
    let linear = Linear8::quantize(&weights, outputs, None).unwrap();
    assert_eq!((linear.inputs(), linear.outputs()), (inputs, outputs));
    let mut out = vec![0.0; 20 * outputs];
    linear.multiply(&rows, &mut out);
    let exact = |row: usize, column: usize| -> f32 {
        (0..inputs).map(|k| rows[row * inputs + k] * weights[k * outputs + column]).sum()
    };
    let of = |at: usize| exact(at / outputs, at % outputs);
    let error: f32 = out.iter().enumerate().map(|(at, value)| (value - of(at)).powi(2)).sum();
    let size: f32 = (0..out.len()).map(|at| of(at).powi(2)).sum();
    // Rounding to steps of 1/127 of the largest gives a relative error of about 1/127/sqrt(12) * sqrt(3)
    // twice.
    assert!((error / size).sqrt() < 0.01, "{}", (error / size).sqrt());
}

#[test]
fn extreme_sums_stay_exact_and_a_row_does_not_depend_on_others() {
    let inputs = INPUTS_MAX;
    let linear = Linear8::quantize(&vec![-3.0; inputs], 1, None).unwrap();
    for method in Method::all() {
        let mut out = [0.0];
        linear.multiply_by(method, &vec![2.0; inputs], &mut out);
        assert_eq!(out[0], (inputs * 127 * 127) as f32 * (2.0 / 127.0) * -(3.0 / 127.0), "{method:?}");
    }
    // A code that no matrix is made with, in a file that holds it all the same.
    let (codes, scales) = (vec![0; 384 * PANEL], vec![1.0; PANEL]);
    let linear = Linear8::from_parts(384, PANEL, codes, scales.clone(), scales).unwrap();
    for method in Method::all() {
        let mut out = [0.0; 2 * PANEL];
        linear.multiply_by(method, &[[-127.0; 384], [127.0; 384]].concat(), &mut out);
        let expected = (384 * 128 * 127) as f32;
        assert_eq!((out[0], out[2 * PANEL - 1]), (expected + 1.0, 1.0 - expected), "{method:?}");
    }
    let (weights, rows) = (numbers(3, 40 * 33), numbers(4, 25 * 40));
    let linear = Linear8::quantize(&weights, 33, None).unwrap();
    let mut whole = vec![0.0; 25 * 33];
    linear.multiply(&rows, &mut whole);
    for (row, expected) in rows.chunks(40).zip(whole.chunks(33)) {
        let mut alone = vec![0.0; 33];
        linear.multiply(row, &mut alone);
        assert_eq!(alone, expected);
    }
}

#[test]
fn zeros_tiny_numbers_and_numbers_that_are_not_finite_have_a_defined_product() {
    let linear = Linear8::quantize(&[0.0, 1.0, 0.0, -1.0], 2, Some(&[0.5, 0.25])).unwrap();
    let rows = [0.0, 0.0, f32::NAN, 1.0, f32::INFINITY, 1.0, 1e-45, 1e-45, 2.0, 0.0];
    for method in Method::all() {
        let mut out = [9.0; 10];
        linear.multiply_by(method, &rows, &mut out);
        assert_eq!(out[..2], [0.5, 0.25]);
        assert!(out[2..6].iter().all(|value| value.is_nan()), "{out:?}");
        assert_eq!(out[6..], [0.5, 0.25, 0.5, 2.25]);
    }
}

#[test]
fn products_of_tiny_numbers_keep_their_digits() {
    // The product of the scales, 6e-45, has three bits in f32; the product of the numbers has all of them.
    let linear = Linear8::quantize(&vec![1e-20; 384], 1, None).unwrap();
    for method in Method::all() {
        let mut out = [0.0];
        linear.multiply_by(method, &vec![1e-20; 384], &mut out);
        assert!((out[0] / 3.84e-38 - 1.0).abs() < 1e-5, "{method:?} {}", out[0]);
    }
}

#[test]
fn what_cannot_be_quantised_is_refused() {
    assert!(Linear8::quantize(&[1.0; 5], 2, None).is_none());
    assert!(Linear8::quantize(&[], 2, None).is_none());
    assert!(Linear8::quantize(&[1.0], 0, None).is_none());
    assert!(Linear8::quantize(&[1.0, f32::NAN], 2, None).is_none());
    assert!(Linear8::quantize(&[1.0; 4], 2, Some(&[1.0])).is_none());
    assert!(Linear8::quantize(&[1.0; 4], 2, Some(&[1.0, f32::INFINITY])).is_none());
    assert!(Linear8::quantize(&vec![1.0; INPUTS_MAX + 1], 1, None).is_none());
}
