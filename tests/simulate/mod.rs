//! Proof by simulation: the real machine, driver and store in a world where one seed decides what is late, what fails, what comes
//! twice, and when the process ends.

mod disk;
mod everywhere;
mod far;
mod heard;
mod history;
mod random;
