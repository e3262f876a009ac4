//! Files in a ZIP archive, as `npz` and PyTorch's files are: stored or deflated, below 4 GB.
//!
//! Format: <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>. Invariant: no more is allocated than the
//! bytes that the archive has for an entry can expand to, and no more is read of it than the list of entries promises.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Take};

use flate2::read::DeflateDecoder;

use super::damaged;
use crate::CheckpointFault;

/// The length of the record at the end without its comment, and with the longest one.
const END: u64 = 22;
const LONGEST_END: u64 = END + 65_535;

/// Deflate emits at most 258 bytes for 2 bits of input.
const LARGEST_RATIO: u64 = 1032;

/// The list of an archive's entries.
pub(super) struct Archive {
    file: File,
    length: u64,
    entries: BTreeMap<String, Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    is_deflated: bool,
    packed: u64,
    size: u64,
    header: u64,
}

fn u16_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> u64 {
    u16_at(bytes, at) | u16_at(bytes, at + 2) << 16
}

impl Archive {
    /// Reads the list.
    pub(super) fn open(mut file: File) -> Result<Archive, CheckpointFault> {
        let length = file.metadata()?.len();
        let tail_length = length.min(LONGEST_END);
        let mut tail = vec![0; tail_length as usize];
        file.seek(SeekFrom::Start(length - tail_length))?;
        file.read_exact(&mut tail)?;
        let is_end = |at: &usize| {
            tail[*at..].starts_with(b"PK\x05\x06") && *at as u64 + END + u16_at(&tail, at + 20) == tail_length
        };
        let ends = 0..=tail.len().saturating_sub(END as usize);
        let found = ends.rev().find(|at| tail.len() >= END as usize && is_end(at));
        let end = &tail[found.ok_or_else(|| damaged("a ZIP archive without the list at its end"))?..];
        let (count, size, begin) = (u16_at(end, 10), u32_at(end, 12), u32_at(end, 16));
        if count == 0xFFFF || begin == 0xFFFF_FFFF {
            return Err(damaged(
                "a ZIP archive of 4 GB or 65535 files and more (ZIP64), which is not read here",
            ));
        }
        if begin + size > length {
            return Err(damaged("a ZIP archive whose list of files lies beyond its end"));
        }
        let mut list = vec![0; size as usize];
        file.seek(SeekFrom::Start(begin))?;
        file.read_exact(&mut list)?;
        let mut entries = BTreeMap::new();
        let mut rest = &list[..];
        for _ in 0..count {
            let (name, entry, after) = entry(rest)?;
            if entries.insert(name.clone(), entry).is_some() {
                return Err(damaged(format!("a ZIP archive with two files `{name}`")));
            }
            rest = after;
        }
        Ok(Archive { file, length, entries })
    }

    /// The names of the files.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// The bytes that a file has when it is unpacked; `None` if there is no such file.
    pub(super) fn size(&self, name: &str) -> Option<u64> {
        self.entries.get(name).map(|entry| entry.size)
    }

    /// The first bytes of a file, at most `most` of them; the whole file if it is shorter.
    pub(super) fn read(&mut self, name: &str, most: u64) -> Result<Vec<u8>, CheckpointFault> {
        let missing = || damaged(format!("the file `{name}` is missing in the archive"));
        let entry = *self.entries.get(name).ok_or_else(missing)?;
        let mut header = [0; 30];
        self.file.seek(SeekFrom::Start(entry.header))?;
        self.file.read_exact(&mut header)?;
        if !header.starts_with(b"PK\x03\x04") {
            return Err(damaged(format!("the file `{name}` is not where the archive's list says")));
        }
        // The name and extra fields here may be longer than those of the list.
        let begin = entry.header + 30 + u16_at(&header, 26) + u16_at(&header, 28);
        let largest =
            if entry.is_deflated { entry.packed.saturating_mul(LARGEST_RATIO) } else { entry.packed };
        if begin + entry.packed > self.length || entry.size > largest {
            return Err(damaged(format!(
                "the file `{name}` is said to have more bytes than the archive holds"
            )));
        }
        self.file.seek(SeekFrom::Start(begin))?;
        let packed: Take<&mut File> = self.file.by_ref().take(entry.packed);
        let wanted = entry.size.min(most);
        let mut bytes = Vec::with_capacity(wanted as usize);
        match entry.is_deflated {
            true => DeflateDecoder::new(packed).take(wanted).read_to_end(&mut bytes),
            false => { packed }.take(wanted).read_to_end(&mut bytes),
        }
        .map_err(|error| damaged(format!("the file `{name}` cannot be unpacked: {error}")))?;
        if bytes.len() as u64 != wanted {
            return Err(damaged(format!("the file `{name}` ends early")));
        }
        Ok(bytes)
    }
}

/// The first entry of a list, and what follows.
fn entry(list: &[u8]) -> Result<(String, Entry, &[u8]), CheckpointFault> {
    let cut = || damaged("a ZIP archive whose list of files is cut off");
    if list.len() < 46 || !list.starts_with(b"PK\x01\x02") {
        return Err(cut());
    }
    let lengths = [u16_at(list, 28), u16_at(list, 30), u16_at(list, 32)].map(|length| length as usize);
    let name = list.get(46..46 + lengths[0]).ok_or_else(cut)?;
    let rest = list.get(46 + lengths.iter().sum::<usize>()..).ok_or_else(cut)?;
    let name = String::from_utf8_lossy(name).into_owned();
    let is_deflated = match (u16_at(list, 8) & 1, u16_at(list, 10)) {
        (0, 0) => false,
        (0, 8) => true,
        _ => {
            return Err(damaged(format!(
                "the file `{name}` is encrypted or packed in another way than deflate"
            )));
        }
    };
    let (packed, size, header) = (u32_at(list, 20), u32_at(list, 24), u32_at(list, 42));
    if [packed, size, header].contains(&0xFFFF_FFFF) {
        return Err(damaged(format!("the file `{name}` has 4 GB and more (ZIP64), which is not read here")));
    }
    Ok((name, Entry { is_deflated, packed, size, header }, rest))
}
