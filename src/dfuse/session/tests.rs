//! A session as a whole, against simulated boards and against a device that means harm.

mod bench;
mod board;
mod guessed;
mod harm;
mod hostile;
mod kept;
mod noise;
mod pointer;
mod recovery;
mod watched;
