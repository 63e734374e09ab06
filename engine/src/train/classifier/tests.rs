//! Trainings on small sets, against plain arithmetic.
