//! What every way to make a file comes to.

/// A file that was made, and what there is to say of it.
pub struct Made {
    pub file: Vec<u8>,
    /// How many of its bytes are firmware.
    pub bytes: u64,
    /// What else there is to know, after their number.
    pub remark: String,
    pub warnings: Vec<String>,
}
