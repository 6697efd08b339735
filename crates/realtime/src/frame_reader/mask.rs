//! The mask of frames from clients (RFC 6455, section 5.3).

/// Removes the mask from a part of a payload that begins at `offset`.
pub(super) fn unmask(part: &mut [u8], mask: [u8; 4], offset: usize) {
    let at = |index: usize| mask[(offset + index) % 4];
    let wide = u64::from_ne_bytes(std::array::from_fn(at));
    let (words, rest) = part.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (index, byte) in rest.iter_mut().enumerate() {
        *byte ^= at(index);
    }
}
