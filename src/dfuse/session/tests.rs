//! A session as a whole, against simulated boards.

mod bench;
mod board;
mod kept;
mod noise;
mod pointer;
mod recovery;
mod watched;
