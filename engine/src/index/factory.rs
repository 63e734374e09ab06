//! The factory strings that argtop builds, read by a grammar of our own before faiss sees them.
//!
//! ```text
//! factory  := 'Flat' | scalar | hnsw [',' ('Flat' | scalar)] | ivf ',' ('Flat' | scalar | product)
//! hnsw     := 'HNSW' links                        links 4 to 128
//! ivf      := 'IVF' lists ['_HNSW' links]         lists 1 to 65536
//! scalar   := 'SQ4' | 'SQ6' | 'SQ8' | 'SQfp16'
//! product  := 'PQ' parts ['x' bits | 'x4fs']      parts divide the dimension, bits 4 to 8
//! ```
//!
//! faiss itself takes more. What is left out either changes what is searched (transforms, other metrics),
//! cannot be filtered (plain product quantisation), repeats what the engine does anyway (`RFlat`: nominees
//! are always scored exactly from the rows), or runs without end on bad numbers (`HNSW0`).

use std::fmt;

const LINKS: std::ops::RangeInclusive<u32> = 4..=128;
const LISTS: std::ops::RangeInclusive<u32> = 1..=65_536;
const BITS: std::ops::RangeInclusive<u32> = 4..=8;

/// What kind of structure an index is, and so what its effort means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaissKind {
    /// A scan over all rows or their codes; effort means nothing.
    Flat,
    /// A navigable graph; effort is `efSearch`, the length of the list of candidates.
    Hnsw {
        /// Links of a node above the ground layer; twice as many on it.
        links: u32,
    },
    /// Inverted lists; effort is `nprobe`, the number of lists scanned.
    Ivf {
        /// Number of lists.
        lists: u32,
        /// Links of the graph over the centroids, if they are searched by one.
        links: Option<u32>,
    },
}

/// How the rows are kept in the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As f32.
    Flat,
    /// Every number in 4, 6 or 8 bits between the bounds seen in training.
    Scalar {
        /// Bits a number.
        bits: u32,
    },
    /// Every number as a 16-bit float.
    Half,
    /// Parts of a row as the nearest of `2^bits` trained parts.
    Product {
        /// Number of parts.
        parts: u32,
        /// Bits a part.
        bits: u32,
        /// The 4-bit layout that is scanned with register look-ups.
        fast: bool,
    },
}

/// A factory string that argtop builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factory {
    /// The structure.
    pub kind: FaissKind,
    /// The rows in it.
    pub encoding: Encoding,
}

/// A factory string cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactoryError {
    /// It is not in the grammar.
    #[error(
        "unknown factory {factory:?}: use 'Flat', 'SQ8', 'HNSW32', 'HNSW32,SQ8', 'IVF1024,Flat', \
         'IVF1024,SQ8' or 'IVF1024,PQ64x4fs' (links 4 to 128, lists 1 to 65536, bits 4 to 8)"
    )]
    Unknown {
        /// The string.
        factory: String,
    },
    /// The parts of a product quantiser do not divide the dimension.
    #[error("{parts} parts do not divide the dimension {dimension}; choose a divisor")]
    Parts {
        /// Parts asked for.
        parts: u32,
        /// The dimension.
        dimension: usize,
    },
    /// The index cannot be trained on so few rows.
    #[error("{factory} needs at least {needed} rows to train, there are {rows}; use fewer lists or HNSW32")]
    TooFewRows {
        /// The factory.
        factory: Factory,
        /// Rows needed.
        needed: usize,
        /// Rows there are.
        rows: usize,
    },
    /// faiss numbers rows by 31 bits.
    #[error("{rows} rows are more than the {max} that one faiss index can hold")]
    TooManyRows {
        /// Rows there are.
        rows: usize,
        /// The most allowed.
        max: usize,
    },
}

/// Rows of one index: graph and lists number them by 31 bits.
const ROWS_MAX: usize = i32::MAX as usize;

impl Factory {
    /// The factory used where none is named.
    pub const DEFAULT: Factory = Factory { kind: FaissKind::Hnsw { links: 32 }, encoding: Encoding::Flat };

    /// Reads a factory string.
    pub fn parse(factory: &str) -> Result<Self, FactoryError> {
        Self::read(factory)
            .ok_or_else(|| FactoryError::Unknown { factory: factory.chars().take(100).collect() })
    }

    fn read(factory: &str) -> Option<Self> {
        let (head, tail) = match factory.split_once(',') {
            Some((head, tail)) => (head, Some(tail)),
            None => (factory, None),
        };
        if let Some(links) = head.strip_prefix("HNSW") {
            let kind = FaissKind::Hnsw { links: number(links, LINKS)? };
            let encoding = tail.map_or(Some(Encoding::Flat), encoding)?;
            return (!matches!(encoding, Encoding::Product { .. })).then_some(Self { kind, encoding });
        }
        if let Some(lists) = head.strip_prefix("IVF") {
            let (lists, links) = match lists.split_once("_HNSW") {
                Some((lists, links)) => (lists, Some(number(links, LINKS)?)),
                None => (lists, None),
            };
            let kind = FaissKind::Ivf { lists: number(lists, LISTS)?, links };
            return Some(Self { kind, encoding: encoding(tail?)? });
        }
        let encoding = encoding(head)?;
        let plain = tail.is_none() && !matches!(encoding, Encoding::Product { .. });
        plain.then_some(Self { kind: FaissKind::Flat, encoding })
    }

    /// Fails unless the index can be built over `rows` rows of this dimension.
    pub fn check(&self, dimension: usize, rows: usize) -> Result<(), FactoryError> {
        if let Encoding::Product { parts, .. } = self.encoding
            && !dimension.is_multiple_of(parts as usize)
        {
            return Err(FactoryError::Parts { parts, dimension });
        }
        if rows > ROWS_MAX {
            return Err(FactoryError::TooManyRows { rows, max: ROWS_MAX });
        }
        // Each centroid needs a row of its own.
        let needed = self.centroids().max(1);
        if rows > 0 && rows < needed {
            return Err(FactoryError::TooFewRows { factory: *self, needed, rows });
        }
        Ok(())
    }

    /// The number of centroids of the largest k-means of the training.
    fn centroids(&self) -> usize {
        let lists = match self.kind {
            FaissKind::Ivf { lists, .. } => lists as usize,
            FaissKind::Flat | FaissKind::Hnsw { .. } => 0,
        };
        let codes = match self.encoding {
            Encoding::Product { bits, .. } => 1 << bits,
            Encoding::Flat | Encoding::Scalar { .. } | Encoding::Half => 0,
        };
        lists.max(codes)
    }

    /// How many rows to train on: 40 a centroid, one more than the number under which faiss prints a warning
    /// (a caller with fewer rows repeats them), and enough to find the bounds of a scalar quantiser.
    pub(super) fn training_rows(&self, rows: usize) -> usize {
        let clustered = self.centroids() * 40;
        match self.encoding {
            Encoding::Scalar { .. } => clustered.max(rows.min(65_536)),
            Encoding::Flat | Encoding::Half | Encoding::Product { .. } => clustered,
        }
    }

    /// How many codes to take for each of the best that is wanted, since their order is not exact: among
    /// 117,000 embeddings the best 100 by 8-bit codes hold 99.7 % of the exact best 100, by 4-bit codes 95.5
    /// % (all of them are within the best 200). Product codes are coarser by far; what they lose depends on
    /// the parts chosen.
    pub(super) fn nominees_per_result(&self) -> usize {
        match self.encoding {
            Encoding::Flat | Encoding::Half | Encoding::Scalar { bits: 6.. } => 1,
            Encoding::Scalar { .. } => 2,
            Encoding::Product { .. } => 8,
        }
    }
}

impl fmt::Display for Factory {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            FaissKind::Flat => {}
            FaissKind::Hnsw { links } => write!(out, "HNSW{links},")?,
            FaissKind::Ivf { lists, links: None } => write!(out, "IVF{lists},")?,
            FaissKind::Ivf { lists, links: Some(links) } => write!(out, "IVF{lists}_HNSW{links},")?,
        }
        match self.encoding {
            Encoding::Flat => write!(out, "Flat"),
            Encoding::Scalar { bits } => write!(out, "SQ{bits}"),
            Encoding::Half => write!(out, "SQfp16"),
            Encoding::Product { parts, fast: true, .. } => write!(out, "PQ{parts}x4fs"),
            Encoding::Product { parts, bits, fast: false } => write!(out, "PQ{parts}x{bits}"),
        }
    }
}

fn encoding(text: &str) -> Option<Encoding> {
    match text {
        "Flat" => Some(Encoding::Flat),
        "SQ4" => Some(Encoding::Scalar { bits: 4 }),
        "SQ6" => Some(Encoding::Scalar { bits: 6 }),
        "SQ8" => Some(Encoding::Scalar { bits: 8 }),
        "SQfp16" => Some(Encoding::Half),
        _ => {
            let product = text.strip_prefix("PQ")?;
            let (parts, bits) = product.split_once('x').unwrap_or((product, "8"));
            let parts = number(parts, 1..=super::row::DIMENSION_MAX as u32)?;
            if bits == "4fs" {
                return Some(Encoding::Product { parts, bits: 4, fast: true });
            }
            Some(Encoding::Product { parts, bits: number(bits, BITS)?, fast: false })
        }
    }
}

/// A decimal number without sign or leading zero, within a range.
fn number(text: &str, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|number| plain && range.contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_strings_print_as_faiss_reads_them() {
        for (factory, printed) in [
            ("Flat", "Flat"),
            ("SQ8", "SQ8"),
            ("HNSW32", "HNSW32,Flat"),
            ("HNSW16,SQ8", "HNSW16,SQ8"),
            ("HNSW64,SQfp16", "HNSW64,SQfp16"),
            ("IVF4096,Flat", "IVF4096,Flat"),
            ("IVF65536_HNSW32,SQ6", "IVF65536_HNSW32,SQ6"),
            ("IVF16,PQ8", "IVF16,PQ8x8"),
            ("IVF16,PQ8x6", "IVF16,PQ8x6"),
            ("IVF16,PQ8x4fs", "IVF16,PQ8x4fs"),
        ] {
            let parsed = Factory::parse(factory).unwrap();
            assert_eq!(parsed.to_string(), printed);
            assert_eq!(Factory::parse(printed), Ok(parsed));
        }
        assert_eq!(Factory::parse("HNSW32"), Ok(Factory::DEFAULT));
    }

    #[test]
    fn everything_else_is_refused() {
        let long = "HNSW".repeat(1000);
        for factory in [
            "",
            ",",
            "flat",
            "Flat ",
            " Flat",
            "Flat,",
            "Flat,Flat",
            "HNSW",
            "HNSW0",
            "HNSW3",
            "HNSW129",
            "HNSW032",
            "HNSW+32",
            "HNSW32,",
            "HNSW32,PQ8",
            "HNSW32,RFlat",
            "HNSW99999999999999",
            "IVF",
            "IVF16",
            "IVF0,Flat",
            "IVF65537,Flat",
            "IVF-1,Flat",
            "IVF16,",
            "IVF16,RFlat",
            "IVF16_HNSW,Flat",
            "IVF16_NSG8,Flat",
            "PQ8",
            "IVF16,PQ0",
            "IVF16,PQ8x3",
            "IVF16,PQ8x9",
            "IVF16,PQ8x4fsr",
            "IVF16,PQx8",
            "OPQ8,IVF16,PQ8",
            "PCA64,Flat",
            "IVF16(Flat),Flat",
            "IDMap,Flat",
            "IMI2x8,Flat",
            "Residual4",
            "LSH",
            "RaBitQ",
            "Flat\0",
            "SQ8_direct",
            "\u{1f600}",
            &long,
        ] {
            assert!(Factory::parse(factory).is_err(), "{factory}");
        }
        assert!(Factory::parse(&long).unwrap_err().to_string().len() < 500);
    }

    #[test]
    fn shapes_that_cannot_be_trained_are_refused() {
        let ivf = Factory::parse("IVF100,PQ4").unwrap();
        assert_eq!(ivf.check(10, 1000), Err(FactoryError::Parts { parts: 4, dimension: 10 }));
        assert_eq!(ivf.check(8, 255), Err(FactoryError::TooFewRows { factory: ivf, needed: 256, rows: 255 }));
        assert_eq!(ivf.check(8, 256), Ok(()));
        assert_eq!(ivf.check(8, 0), Ok(()));
        assert_eq!(Factory::DEFAULT.check(384, 1), Ok(()));
    }
}
