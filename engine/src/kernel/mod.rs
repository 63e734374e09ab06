//! Arithmetic on vectors: one function that decides ([`dot_exact`]) and fast ones that nominate.
//!
//! A search is `scan | scores` in f32, then [`Nominees`] with a margin of twice [`error_bound`], then
//! [`Rows::dot_exact`] for every nominee, then [`select_top`]. The margin makes it certain that no member of
//! the true top k is lost, so neither the instruction set nor the order of a fast sum can be seen in an
//! answer.
//!
//! Nothing here knows about stores, queries or threads: callers cut the work into blocks.

mod bound;
mod byte_rows;
mod dispatch;
mod dot;
mod exact;
mod gemm;
mod int8;
#[cfg(test)]
mod int8_tests;
mod line;
mod linear8;
mod rotation;
mod rows;
mod rows8;
mod select;
mod signs;
#[cfg(test)]
mod signs_tests;
mod topk;
mod transformer;
mod vector;
mod widen;

pub use bound::error_bound;
pub use byte_rows::{ByteRows, RowFacts, byte_row_width, encode_byte_row};
pub use dot::{dot, dot_exact, norm};
pub use exact::products_exact;
pub use gemm::{Layout, multiply, scores};
pub(crate) use int8::prefetch;
pub use int8::{Codes8, INPUTS_MAX, PANEL, PanelWriter, Panels};
pub use line::Line;
pub use linear8::Linear8;
pub use rotation::Rotation;
pub use rows::{RowData, Rows, gather, scan};
pub use rows8::{ROW_WIDTH, Rows8, push_row8};
pub use select::{keep_about, keep_greatest};
pub use signs::{
    SIGN_BLOCK, SIGN_WIDTH, SignQuery, SignRows, TurnedSigns, push_sign_block, set_signs, sign_block_bytes,
    sign_facts,
};
pub use topk::{Nominees, Score, Slot, floor_of_best, select_top};
pub use transformer::{Attention8, AttentionMask, LayerNorm, Stack8, Step8, TransformerSpace};
pub use vector::{NormError, first_non_finite, normalize, softmax, spill_cost};
