//! What a format keeps of a vector, written from the definitions of the formats.

use std::fmt;

/// A storage format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    F32,
    F16,
    I8,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Format {
    /// The vector as it comes back.
    pub(crate) fn stored(self, vector: &[f32]) -> Vec<f32> {
        match self {
            Format::F32 => vector.to_vec(),
            Format::F16 => vector.iter().map(|value| half(*value)).collect(),
            Format::I8 => {
                let scale = vector.iter().fold(0.0_f32, |most, value| most.max(value.abs())) / 127.0;
                vector.iter().map(|value| scale * (value / scale).round().clamp(-127.0, 127.0)).collect()
            }
        }
    }
}

/// The nearest half-precision number (11 significant bits, least exponent -24), ties to even.
pub(crate) fn half(value: f32) -> f32 {
    if value == 0.0 {
        return value;
    }
    let exponent = value.abs().log2().floor().max(-14.0);
    let unit = 2.0_f64.powf(f64::from(exponent) - 10.0);
    ((f64::from(value) / unit).round_ties_even() * unit) as f32
}

#[test]
fn halves_are_rounded_to_the_nearest() {
    let cases = [
        (1.0, 1.0),
        (0.1, 0.099_975_586),
        (-1.0 / 3.0, -0.333_251_95),
        (1.000_488_3, 1.0),
        (1.000_488_4, 1.000_976_6),
        (65504.0, 65504.0),
        (6e-8, 5.960_464_5e-8),
        (1e-9, 0.0),
        (0.0, 0.0),
    ];
    for (value, expected) in cases {
        assert_eq!(half(value), expected, "{value}");
    }
}
