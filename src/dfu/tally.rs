//! What a session has done.

/// What has been done, up to now or up to the error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Whether anything was sent that changes flash.
    pub touched: bool,
    /// Sectors erased, one by one or by mass erase.
    pub erased_sectors: usize,
    /// Bytes of the image that were written.
    pub written_bytes: u64,
    /// Bytes of the image that were there already.
    pub skipped_bytes: u64,
    /// Bytes beyond the image that were erased with its sectors, as far as anybody has looked.
    pub lost_bytes: u64,
    /// Sectors that were erased, and nobody had looked what was in them beyond the image.
    pub unseen_sectors: usize,
    /// Bytes beyond the image that were kept.
    pub preserved_bytes: u64,
    /// Bytes that were read back and are as they should be.
    pub verified_bytes: u64,
    /// Bytes that are not; `None` where the first one ends the work.
    pub differing_bytes: Option<u64>,
    /// Bytes that were read because they were asked for.
    pub read_bytes: u64,
    /// Sectors that may be erased: the board was lost over them.
    pub doubtful_sectors: usize,
    /// How often something went wrong and was tried again.
    pub retries: u32,
    /// Whether the sector with the vector table was erased again, because it had not become what it should.
    pub erased_bad_head: bool,
    /// Whether the chip has reset, as it does once its option bytes were written, and has not come back in DFU mode:
    /// nobody could look at what it had taken.
    pub reset: bool,
    /// Sectors that were to be erased, and can't be read: nobody has looked whether they are.
    pub unchecked_sectors: usize,
    /// Whether all that was to be written is, and checked as far as it can be: what is left is to start it.
    pub complete: bool,
    /// Whether the board has left DFU mode; `None` where it was not asked to.
    pub left: Option<bool>,
    /// Whether a device without DfuSe has taken all of a download, and its own word that it is done with it is all there
    /// is: nothing was read back and compared.
    pub accepted: bool,
    /// The ids under which a device without DfuSe came back in another shape after it was left.
    pub started_as: Option<(u16, u16)>,
    /// Whether read protection was lifted, rather than not there at all; `None` where neither is known.
    pub unprotected: Option<bool>,
}
