//! A checkpoint gives back what was saved, and every file that is not one is an error.

use std::fs;
use std::process::Command;

use expect_test::{Expect, expect};

use super::file::NOTES;
use super::*;
use crate::test_folder::Folder;

impl Folder {
    fn file(&self) -> PathBuf {
        self.0.join("model.safetensors")
    }

    /// Checks the message of loading the file as a tree like `like`.
    fn check<D: Stored>(&self, like: &D, expected: Expect) {
        let error = load(self.file(), like).map(|_| ()).unwrap_err();
        expected.assert_eq(&error.to_string().replace(&format!("{}/", self.0.display()), ""));
    }
}

type Layers = (Vec<BTreeMap<String, Array>>, Array);

fn layers(widths: &[usize]) -> Layers {
    let layer = |pair: &[usize]| {
        let w: Vec<f32> = (0..pair[0] * pair[1]).map(|i| i as f32 / 8.0 - 1.0).collect();
        let b: Vec<f64> = (0..pair[1]).map(|i| 1.0 / (i as f64 + 3.0)).collect();
        BTreeMap::from([
            ("w".to_owned(), Array::new([pair[0], pair[1]], w).unwrap()),
            ("b".to_owned(), Array::new([pair[1]], b).unwrap()),
        ])
    };
    (widths.windows(2).map(layer).collect(), Array::from(7i32))
}

/// The bytes of a file with this header and this data.
fn raw(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
}

#[test]
fn every_element_type_and_shape_comes_back() {
    let folder = Folder::new();
    let tree = vec![
        Array::new([2, 0, 3], Vec::<f32>::new()).unwrap(),
        Array::new([3], [f32::NAN, -0.0, f32::INFINITY]).unwrap(),
        Array::from(1.0f64 / 3.0),
        Array::new([2], [true, false]).unwrap(),
        Array::new([2], [0u8, 255]).unwrap(),
        Array::from(u32::MAX),
        Array::from(i32::MIN),
        Array::from(i64::MIN),
    ];
    save(folder.file(), &tree).unwrap();
    let like: Vec<Array> = tree.iter().map(|array| Array::zeros(array.ty().clone())).collect();
    assert_eq!(load(folder.file(), &like).unwrap(), tree);
}

#[test]
fn names_are_the_paths_of_the_leaves() {
    let folder = Folder::new();
    save(folder.file(), &layers(&[4, 3, 2])).unwrap();
    let bytes = fs::read(folder.file()).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut names = tensors.names();
    names.sort();
    assert_eq!(names, ["0.0.b", "0.0.w", "0.1.b", "0.1.w", "1"]);
    assert_eq!(tensors.tensor("0.1.w").unwrap().shape(), [3, 2]);
}

#[test]
fn a_single_array_is_a_tree() {
    let folder = Folder::new();
    save(folder.file(), &Array::from(2.5f32)).unwrap();
    assert_eq!(load(folder.file(), &Array::from(0.0f32)).unwrap(), Array::from(2.5f32));
}

#[test]
fn saving_replaces_the_file_and_leaves_nothing_beside_it() {
    let folder = Folder::new();
    save(folder.file(), &layers(&[4, 3, 2])).unwrap();
    save(folder.file(), &layers(&[2, 1])).unwrap();
    assert_eq!(load(folder.file(), &layers(&[2, 1])).unwrap(), layers(&[2, 1]));
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
}

#[test]
fn a_failed_save_keeps_the_old_file_and_leaves_nothing_beside_it() {
    let folder = Folder::new();
    save(folder.file(), &layers(&[2, 1])).unwrap();
    let ambiguous = BTreeMap::from([(NOTES.to_owned(), Array::from(1.0f32))]);
    let error = save(folder.file(), &ambiguous).unwrap_err();
    assert!(matches!(error.fault, CheckpointFault::AmbiguousPath(_)), "{error}");
    assert_eq!(load(folder.file(), &layers(&[2, 1])).unwrap(), layers(&[2, 1]));
    // The rename fails, because a folder that is not empty stands in its way.
    fs::create_dir_all(folder.0.join("taken/inside")).unwrap();
    let error = save(folder.0.join("taken"), &layers(&[2, 1])).unwrap_err();
    assert!(matches!(error.fault, CheckpointFault::Io(_)), "{error}");
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 2);
}

#[test]
fn two_leaves_of_one_path_are_refused() {
    let folder = Folder::new();
    let leaf = |key: &str| BTreeMap::from([(key.to_owned(), Array::from(1.0f32))]);
    // "a" then "b.c", and "a.b" then "c".
    let tree = BTreeMap::from([("a".to_owned(), leaf("b.c")), ("a.b".to_owned(), leaf("c"))]);
    let error = save(folder.file(), &tree).unwrap_err();
    assert!(matches!(error.fault, CheckpointFault::AmbiguousPath(ref path) if path == "a.b.c"), "{error}");
    assert!(!folder.file().exists());
}

#[test]
fn all_differences_are_listed() {
    let folder = Folder::new();
    save(folder.file(), &layers(&[4, 3, 2])).unwrap();
    let mut like = layers(&[4, 5]);
    like.0[0].insert("scale".to_owned(), Array::from(1.0f32));
    like.1 = Array::from(7.0f32);
    folder.check(
        &like,
        expect![[r#"
        checkpoint model.safetensors: does not fit the tree:
          0.0.b: f64[3] in the file, expected f64[5]
          0.0.scale: none in the file, expected f32[]
          0.0.w: f32[4,3] in the file, expected f32[4,5]
          1: i32[] in the file, expected f32[]
          0.1.b: f64[2] in the file, expected none
          0.1.w: f32[3,2] in the file, expected none"#]],
    );
}

#[test]
fn unknown_element_type_is_named_as_in_the_file() {
    let folder = Folder::new();
    let header = r#"{"":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}"#;
    fs::write(folder.file(), raw(header, &[0, 0])).unwrap();
    folder.check(
        &Array::from([1.0f32, 2.0]),
        expect![[r#"
            checkpoint model.safetensors: does not fit the tree:
              the only leaf: F8_E4M3[2] in the file, expected f32[2]"#]],
    );
}

#[test]
fn missing_file() {
    let folder = Folder::new();
    folder.check(
        &Array::from(1.0f32),
        expect!["checkpoint model.safetensors: No such file or directory (os error 2)"],
    );
}

#[test]
fn truncated_file_is_refused_at_every_length() {
    let folder = Folder::new();
    let tree = layers(&[3, 2]);
    save(folder.file(), &tree).unwrap();
    let whole = fs::read(folder.file()).unwrap();
    for length in 0..whole.len() {
        fs::write(folder.file(), &whole[..length]).unwrap();
        assert!(load(folder.file(), &tree).is_err(), "{length} of {} bytes", whole.len());
    }
    fs::write(folder.file(), &whole[..whole.len() - 1]).unwrap();
    folder.check(&tree, expect!["checkpoint model.safetensors: 227 bytes, expected 228 by its header"]);
    fs::write(folder.file(), [&whole[..], &[0]].concat()).unwrap();
    folder.check(&tree, expect!["checkpoint model.safetensors: 229 bytes, expected 228 by its header"]);
}

#[test]
fn hostile_headers_are_refused() {
    let folder = Folder::new();
    let like = Array::from([1.0f32, 2.0]);
    let check = |bytes: &[u8], expected: Expect| {
        fs::write(folder.file(), bytes).unwrap();
        folder.check(&like, expected);
    };
    check(
        &u64::MAX.to_le_bytes(),
        expect!["checkpoint model.safetensors: not a valid safetensors file: its header is too large"],
    );
    check(
        &99_000_000u64.to_le_bytes(),
        expect!["checkpoint model.safetensors: 8 bytes, expected 99000008 by its header"],
    );
    check(
        &raw("not json", &[]),
        expect![
            "checkpoint model.safetensors: not a valid safetensors file: expected ident at line 1 column 2"
        ],
    );
    let tensor = |shape: &str, offsets: &str| {
        raw(&format!(r#"{{"":{{"dtype":"F32","shape":{shape},"data_offsets":{offsets}}}}}"#), &[0; 8])
    };
    check(
        &tensor("[4294967296,4294967296,4]", "[0,8]"),
        expect![
            "checkpoint model.safetensors: not a valid safetensors file: overflow computing buffer size from shape and/or element type"
        ],
    );
    check(
        &tensor("[2]", "[0,18446744073709551615]"),
        expect![
            "checkpoint model.safetensors: not a valid safetensors file: invalid shape, data type, or offset for tensor"
        ],
    );
    check(
        &tensor("[2]", "[8,0]"),
        expect!["checkpoint model.safetensors: not a valid safetensors file: invalid offset for tensor ``"],
    );
    check(
        &tensor("[2]", "[4,12]"),
        expect!["checkpoint model.safetensors: not a valid safetensors file: invalid offset for tensor ``"],
    );
    check(
        &tensor("[1]", "[0,8]"),
        expect![
            "checkpoint model.safetensors: not a valid safetensors file: invalid shape, data type, or offset for tensor"
        ],
    );
}

#[test]
fn a_truth_value_that_is_neither_is_refused() {
    let folder = Folder::new();
    let header = r#"{"":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}}"#;
    fs::write(folder.file(), raw(header, &[1, 2])).unwrap();
    folder.check(&Array::from([true, false]), expect!["checkpoint model.safetensors: not a valid safetensors file: `` has a truth value that is neither 0 nor 1"]);
}

#[test]
#[cfg(unix)]
fn a_file_has_the_permissions_that_the_umask_leaves() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let ours = folder.0.join("ours");
    fs::write(&ours, "").unwrap();
    save(folder.file(), &Array::from(1.0f32)).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&folder.file()), mode(&ours));
}

#[test]
fn leaves_that_share_memory_are_stored_once_and_come_back_as_one() {
    let folder = Folder::new();
    let table = Array::new([100, 4], vec![0.5f32; 400]).unwrap();
    let tree = vec![table.clone(), Array::from(1.0f32), table.clone()];
    save(folder.file(), &tree).unwrap();
    assert!(fs::metadata(folder.file()).unwrap().len() < 2 * 1600);
    let like: Vec<Array> = tree.iter().map(|array| Array::zeros(array.ty().clone())).collect();
    let loaded = load(folder.file(), &like).unwrap();
    assert_eq!(loaded, tree);
    assert!(loaded[0].shares_buffer(&loaded[2]));
    // Equal trees make equal files.
    let first = fs::read(folder.file()).unwrap();
    save(folder.file(), &loaded).unwrap();
    assert_eq!(fs::read(folder.file()).unwrap(), first);
    folder.check(
        &vec![table, Array::from(1.0f32)],
        expect![[r#"
            checkpoint model.safetensors: does not fit the tree:
              2: f32[100,4] in the file, expected none"#]],
    );
}

#[test]
fn checkpoints_rotate_and_the_best_stays() {
    let folder = Folder::new();
    let checkpoints = Checkpoints::new(&folder.0).keep_last(3).keep_best("accuracy", Goal::Highest);
    let mut snapshot = Snapshot::new(Array::from(0.0f32), 0);
    assert_eq!(checkpoints.load(&snapshot.state).unwrap(), None);
    for (epoch, accuracy) in [0.5, 0.9, 0.7, f64::NAN, 0.9].into_iter().enumerate() {
        snapshot.history.push(&[("accuracy".to_owned(), accuracy)]);
        snapshot.state = Array::from(epoch as f32);
        snapshot.step = 10 * (epoch + 1);
        checkpoints.save(&snapshot).unwrap();
    }
    let names = checkpoints.files().unwrap();
    let names: Vec<&str> = names.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(
        names,
        ["step-0000000030.safetensors", "step-0000000040.safetensors", "step-0000000050.safetensors"]
    );
    let best = Snapshot::load(checkpoints.best().unwrap(), &snapshot.state).unwrap();
    assert_eq!((best.step, best.state.item::<f32>().unwrap()), (20, 1.0));
    assert_eq!(checkpoints.load(&snapshot.state).unwrap().unwrap(), snapshot);
    // Weights alone are no run.
    save(folder.0.join("step-0000000060.safetensors"), &snapshot.state).unwrap();
    let error = checkpoints.load(&snapshot.state).unwrap_err().to_string();
    assert!(error.ends_with("it holds no training run, only arrays"), "{error}");
}

/// The variable that makes a test the child that may write little.
const FOLDER: &str = "GRADUS_TEST_FULL";

#[test]
#[ignore = "the test below runs it in a process of its own"]
fn child_of_the_test_of_a_full_disk() {
    let file =
        PathBuf::from(std::env::var_os(FOLDER).expect("a folder to write in")).join("model.safetensors");
    let error = save(&file, &Array::new([100_000], vec![1.0f32; 100_000]).unwrap()).unwrap_err();
    assert!(matches!(error.fault, CheckpointFault::Io(_)), "{error}");
    assert!(error.to_string().contains("File too large"), "{error}");
}

#[test]
#[cfg(unix)]
fn a_full_disk_is_an_error_and_the_old_file_stays() {
    let folder = Folder::new();
    save(folder.file(), &Array::from(1.0f32)).unwrap();
    // A limit of 64 blocks for a file stands for the disk; the harness itself writes to a pipe.
    let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" --exact checkpoint::tests::child_of_the_test_of_a_full_disk --ignored";
    let mut child = Command::new("sh");
    child.args(["-c", script]).arg(std::env::current_exe().unwrap()).env(FOLDER, &folder.0);
    let output = child.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    assert_eq!(load(folder.file(), &Array::from(0.0f32)).unwrap(), Array::from(1.0f32));
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
}
