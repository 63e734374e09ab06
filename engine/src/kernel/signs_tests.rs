//! Estimates by signs against their definition, by every method that the processor has.

use super::signs::*;

fn vector(rng: &mut fastrand::Rng, width: usize) -> Vec<f32> {
    (0..width).map(|_| rng.f32() - 0.5).collect()
}

fn methods() -> Vec<Method> {
    let mut methods = vec![Method::Portable];
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx2") {
            methods.push(Method::Avx2);
        }
        if is_x86_feature_detected!("avx512bw") {
            methods.push(Method::Avx512);
        }
        if Method::best() == Method::Vbmi {
            methods.push(Method::Vbmi);
        }
    }
    methods
}

/// The definition, one row and one number at a time.
fn plain(query: &[f32], row: &[f32], factor: f32, shift: f32, base: f32) -> f32 {
    let largest = query.iter().fold(0.0f32, |most, value| most.max(value.abs()));
    let to_code = if largest > 0.0 { 15.0 / largest } else { 0.0 };
    let code = |value: &f32| (value * to_code).round_ties_even() as i32;
    let sum: i32 = query.iter().zip(row).map(|(q, r)| if *r >= 0.0 { code(q) } else { -code(q) }).sum();
    factor * (sum as f32 * (largest / 15.0)) + (shift + base)
}

#[test]
fn the_facts_of_a_row_give_its_own_product() {
    let mut rng = fastrand::Rng::with_seed(8);
    let (rest, centre) = (vector(&mut rng, 384), vector(&mut rng, 384));
    let (factor, shift) = sign_facts(&rest, &centre);
    let row = rest.iter().zip(&centre).map(|(rest, centre)| rest + centre);
    let sign = |rest: &f32| if *rest >= 0.0 { 1.0 } else { -1.0f32 };
    let (mut estimate, mut product) = (f64::from(shift), 0.0);
    for ((rest, centre), row) in rest.iter().zip(&centre).zip(row) {
        // The base of an estimate is the product with the centre, which a shift does not hold.
        estimate += f64::from(row * centre) + f64::from(factor * sign(rest) * row);
        product += f64::from(row * row);
    }
    assert!((estimate - product).abs() < 1e-3 * product, "{estimate} {product}");
    assert_eq!(sign_facts(&[0.0; 64], &centre[..64]), (0.0, 0.0), "a row that is its centre");
}

#[test]
fn every_method_gives_the_bits_of_the_definition() {
    let mut rng = fastrand::Rng::with_seed(3);
    for (width, count) in
        [(64usize, 1usize), (64, 32), (128, 33), (384, 100), (1024, 40), (1088, 64), (2176, 3), (4224, 35)]
    {
        let rows: Vec<Vec<f32>> = (0..count).map(|_| vector(&mut rng, width)).collect();
        let mut codes = Vec::new();
        for block in rows.chunks(SIGN_BLOCK) {
            push_sign_block(&block.concat(), width, &mut codes);
        }
        let padded = count.next_multiple_of(SIGN_BLOCK);
        let (factors, shifts) = (vector(&mut rng, padded), vector(&mut rng, padded));
        let signs = SignRows::new(width, &codes, &factors, &shifts).unwrap();
        let (mut query, mut turned) = (SignQuery::default(), TurnedSigns::default());
        for values in [vector(&mut rng, width), vec![0.0; width], vec![-1.0; width]] {
            query.set(&values);
            for method in methods() {
                let (blocks, mut out) = (signs.blocks(), vec![f32::NAN; padded]);
                let mut reached = vec![0; blocks];
                signs.estimates_by(method, &query, (0.25, 0.3), (0..blocks, Some(0)), &mut out, &mut reached);
                for (at, row) in rows.iter().enumerate() {
                    let expected = plain(&values, row, factors[at], shifts[at], 0.25);
                    assert_eq!(out[at].to_bits(), expected.to_bits(), "{method:?} {width} {at}");
                    let bit = reached[at / SIGN_BLOCK] >> (at % SIGN_BLOCK) & 1;
                    assert_eq!(bit == 1, expected >= 0.3);
                }
                let reached_by_all = reached.clone();
                let mut last = vec![f32::NAN; SIGN_BLOCK];
                let range = blocks - 1..blocks;
                signs.estimates_by(method, &query, (0.25, 0.3), (range, None), &mut last, &mut reached[..1]);
                assert_eq!(last, out[padded - SIGN_BLOCK..]);
                // Blocks before, so that space is used again.
                for range in [0..blocks, blocks - 1..blocks] {
                    signs.turn_by(method, range.clone(), &mut turned);
                    let mut found = vec![f32::NAN; range.len() * SIGN_BLOCK];
                    let mut reached_of_turned = vec![0; range.len()];
                    signs.estimates_of_turned(
                        &query,
                        (0.25, 0.3),
                        &turned,
                        &mut found,
                        &mut reached_of_turned,
                    );
                    assert_eq!(found, out[range.start * SIGN_BLOCK..], "{method:?} {width}");
                    assert_eq!(reached_of_turned, reached_by_all[range]);
                }
            }
        }
    }
}

#[test]
fn parts_that_do_not_fit_make_no_rows() {
    let (codes, numbers) = (vec![0; sign_block_bytes(64)], vec![0.0; SIGN_BLOCK]);
    assert_eq!(SignRows::new(64, &codes, &numbers, &numbers).map(|rows| rows.blocks()), Some(1));
    assert!(SignRows::new(64, &codes[1..], &numbers, &numbers).is_none());
    assert!(SignRows::new(64, &codes, &numbers[1..], &numbers[1..]).is_none());
    assert!(SignRows::new(64, &codes, &numbers, &[]).is_none());
    assert!(SignRows::new(60, &codes, &numbers, &numbers).is_none());
    assert!(SignRows::new(0, &[], &[], &[]).is_none());
}
