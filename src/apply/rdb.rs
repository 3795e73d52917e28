//! Whether a dump of Redis is whole: an RDB file ends with a checksum over all of it (CRC-64 of Jones, as Redis computes
//! it), so that reading it to its end proves it.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

/// Why a file is not a whole dump.
#[derive(Debug)]
pub(super) enum Wrong {
    Unreadable(io::Error),
    Unsound(String),
}

/// Where the dump ends in what `redis-cli --rdb -` wrote, as it says so itself: a server that does not know the length
/// beforehand sends a mark behind the dump, and a stream cannot be cut as a file can.
pub(super) fn end(complaints: &str) -> Option<u64> {
    let (_, after) = complaints.split_once("finished with success after ")?;
    after.split_whitespace().next()?.parse().ok()
}

/// Reads a dump as a whole; answers its SHA-256.
pub(super) fn check(file: &mut impl Read) -> Result<String, Wrong> {
    let table = table();
    let (mut crc, mut sha) = (0_u64, Sha256::new());
    let mut buffer = vec![0; 256 * 1024];
    // The last eight bytes are the checksum, the one before them ends the data.
    let (mut held, mut first): (Vec<u8>, Option<[u8; 5]>) = (Vec::new(), None);
    loop {
        let read = file.read(&mut buffer).map_err(Wrong::Unreadable)?;
        if read == 0 {
            break;
        }
        sha.update(&buffer[..read]);
        held.extend_from_slice(&buffer[..read]);
        if first.is_none() && held.len() >= 5 {
            first = held[..5].try_into().ok();
        }
        let ready = held.len().saturating_sub(9);
        for byte in held.drain(..ready) {
            crc = step(&table, crc, byte);
        }
    }
    if first != Some(*b"REDIS") {
        return Err(Wrong::Unsound("it does not begin as a dump of Redis does".into()));
    }
    let cut = || Wrong::Unsound("it is cut off, or damaged: its checksum is not that of what is in it".into());
    if held.len() != 9 || held[0] != 0xff {
        return Err(cut());
    }
    let crc = step(&table, crc, held[0]);
    let said = u64::from_le_bytes(held[1..].try_into().unwrap_or_default());
    // Zero: the server was told to write none.
    if said != 0 && said != crc {
        return Err(cut());
    }
    Ok(super::backup::hex(&sha.finalize()))
}

fn step(table: &[u64; 256], crc: u64, byte: u8) -> u64 {
    table[usize::from(crc.to_le_bytes()[0] ^ byte)] ^ (crc >> 8)
}

fn table() -> [u64; 256] {
    let mut table = [0; 256];
    for (at, entry) in (0_u64..).zip(table.iter_mut()) {
        let mut crc = at;
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x95ac_9329_ac4b_c9b5 } else { crc >> 1 };
        }
        *entry = crc;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A dump with these bytes between head and end.
    fn dump(middle: &[u8]) -> Vec<u8> {
        let mut bytes = [b"REDIS0011", middle, &[0xff]].concat();
        let crc = bytes.iter().fold(0, |crc, byte| step(&table(), crc, *byte));
        bytes.extend(crc.to_le_bytes());
        bytes
    }

    #[test]
    fn the_checksum_is_the_one_of_redis() {
        // From the source of Redis.
        assert_eq!(b"123456789".iter().fold(0, |crc, byte| step(&table(), crc, *byte)), 0xe9c6_d914_c4b8_d9ca);
    }

    #[test]
    fn a_whole_dump_is_sound_and_one_that_is_cut_off_anywhere_is_not() {
        let whole = dump(&[7; 300_000]);
        assert!(check(&mut &whole[..]).is_ok());
        for cut in [0, 4, 9, 20, whole.len() - 9, whole.len() - 1] {
            assert!(matches!(check(&mut &whole[..cut]), Err(Wrong::Unsound(_))), "{cut}");
        }
        let mut damaged = whole.clone();
        damaged[100_000] ^= 1;
        assert!(matches!(check(&mut &damaged[..]), Err(Wrong::Unsound(_))));
        assert!(matches!(check(&mut &[whole, vec![0; 40]].concat()[..]), Err(Wrong::Unsound(_))), "a mark behind it");
    }

    #[test]
    fn where_it_ends_is_read_off_what_the_client_says() {
        let said = "SYNC sent to master, writing bytes of bulk transfer until EOF marker to '-'\nTransfer finished with success after 182 bytes";
        assert_eq!(end(said), Some(182));
        assert_eq!(end("SYNC sent to master, writing 182 bytes to '-'\nTransfer finished with success."), None);
    }
}
