//! Memory that begins with a line of the cache, so that no load of a whole register needs two of them.

use bytemuck::{Pod, Zeroable};

/// The bytes of a line of the cache.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C, align(64))]
pub struct Line(pub [u8; Line::BYTES]);

impl Line {
    /// Bytes of a line.
    pub const BYTES: usize = 64;
    /// A line of zeros.
    pub const ZERO: Line = Line([0; Line::BYTES]);

    /// Some lines as bytes.
    pub fn bytes(lines: &[Line]) -> &[u8] {
        bytemuck::cast_slice(lines)
    }

    /// Some lines as bytes to write.
    pub fn bytes_mut(lines: &mut [Line]) -> &mut [u8] {
        bytemuck::cast_slice_mut(lines)
    }
}
