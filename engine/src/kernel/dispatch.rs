//! Code compiled for every instruction set, of which the processor's best is run.

use pulp::{Arch, Simd, WithSimd};

/// Runs `work` compiled for the widest instructions of the processor. The closure, and what it calls, must be
/// `#[inline(always)]`: only what is inlined here is compiled for them.
///
/// `Arch::dispatch` takes closures, too, but calls them by value, through a shim that need not be inlined;
/// long ones were not, and ran with the narrowest instructions.
#[inline]
pub(super) fn dispatch<R>(work: impl FnMut() -> R) -> R {
    struct Work<F>(F);
    impl<R, F: FnMut() -> R> WithSimd for Work<F> {
        type Output = R;

        #[inline(always)]
        fn with_simd<S: Simd>(mut self, _: S) -> R {
            (self.0)()
        }
    }
    Arch::new().dispatch(Work(work))
}
