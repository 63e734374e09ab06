//! Decompression of pages into exactly as many bytes as their headers say.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use parquet::basic::Compression;

/// The bytes of a page, or what is wrong with it and what to do.
pub(super) fn decompress(
    codec: Compression,
    packed: &[u8],
    length: usize,
) -> Result<Vec<u8>, (String, &'static str)> {
    const DAMAGED: &str = "the file is damaged: copy it again";
    let failed = |error: String| (format!("cannot decompress a page: {error}"), DAMAGED);
    let mut plain = Vec::new();
    match codec {
        Compression::UNCOMPRESSED => plain = packed.to_vec(),
        Compression::SNAPPY => {
            let claimed = snap::raw::decompress_len(packed).map_err(|error| failed(error.to_string()))?;
            if claimed == length {
                plain.resize(length, 0);
                let unpacked = snap::raw::Decoder::new().decompress(packed, &mut plain);
                unpacked.map_err(|error| failed(error.to_string()))?;
            }
        }
        Compression::GZIP(_) => {
            // A byte more shows that there is more than the header says.
            let mut unpacked = MultiGzDecoder::new(packed).take((length as u64).saturating_add(1));
            unpacked.read_to_end(&mut plain).map_err(|error| failed(error.to_string()))?;
        }
        Compression::ZSTD(_) => {
            plain = zstd::bulk::decompress(packed, length).map_err(|error| failed(error.to_string()))?;
        }
        Compression::LZ4_RAW => {
            plain.resize(length, 0);
            let unpacked = lz4_flex::block::decompress_into(packed, &mut plain);
            let count = unpacked.map_err(|error| failed(error.to_string()))?;
            plain.truncate(count);
        }
        Compression::LZ4 | Compression::BROTLI(_) | Compression::LZO => {
            let name = format!("{codec}").to_uppercase();
            let name = name.split('(').next().unwrap_or_default();
            return Err((
                format!("its pages are compressed with {name}, which is not read"),
                "write the file with zstd, snappy, gzip, lz4_raw or no compression",
            ));
        }
    }
    if plain.len() == length {
        Ok(plain)
    } else {
        Err((format!("a page does not have the {length} bytes that its header promises"), DAMAGED))
    }
}
