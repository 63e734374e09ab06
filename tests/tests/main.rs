//! The suites that go through the public library, in one binary, since linking it takes a while.

mod golden;
