//! Data sets of trees and of functions, and what is refused.

use super::*;

fn ints(batch: &Array) -> Vec<i32> {
    batch.to_vec().unwrap()
}

fn numbers(n: i32) -> Dataset<Array> {
    Dataset::from_tree(Array::new([n as usize], (0..n).collect::<Vec<_>>()).unwrap()).unwrap()
}

#[test]
fn rows_of_any_tree_and_element_type() {
    let bytes = Array::new([3, 2], [1u8, 2, 3, 4, 5, 6]).unwrap();
    let halves = Array::new([3], [true, false, true]).unwrap();
    let data = Dataset::from_tree(vec![bytes, halves]).unwrap();
    let batch = data.get(&[2, 0, 2]).unwrap();
    assert_eq!(batch[0], Array::new([3, 2], [5u8, 6, 1, 2, 5, 6]).unwrap());
    assert_eq!(batch[1], Array::from([true, true, true]));
    // Rows without elements are rows.
    let empty = Dataset::from_tree(Array::zeros(Type::new(Dtype::F32, [4, 0]))).unwrap();
    assert_eq!(empty.get(&[1, 3]).unwrap().shape(), [2, 0]);
}

#[test]
fn rows_that_differ_are_refused() {
    let three = Array::from([1i32, 2, 3]);
    let message = |inputs: Array| Dataset::new(inputs, three.clone()).unwrap_err().to_string();
    let rule = "the leaves of a data set have one row for each example, and at least one; found";
    assert_eq!(
        message(Array::zeros(Type::new(Dtype::F32, [2, 2]))),
        format!("{rule} `0` f32[2,2], `1` i32[3]")
    );
    assert_eq!(message(Array::from(1.0f32)), format!("{rule} `0` f32[], `1` i32[3]"));
    let empty = || Array::new([0], Vec::<f32>::new()).unwrap();
    assert!(Dataset::new(empty(), empty()).is_err());
    assert!(Dataset::from_tree(Vec::<Array>::new()).is_err());
}

#[test]
fn a_function_makes_examples_of_any_tree() {
    let make = |i: usize| Ok::<_, gradus::Error>((Array::from([i as f32, 0.5]), Array::from(i as i32)));
    let data = Dataset::from_fn(5, make).unwrap();
    let (x, y) = data.get(&[4, 1]).unwrap();
    assert_eq!((x, y), (Array::from([[4.0f32, 0.5], [1.0, 0.5]]), Array::from([4i32, 1])));
    assert!(matches!(Dataset::from_fn(0, make), Err(LoadError::NoRows)));
}

#[test]
fn faults_of_examples_say_which_and_what() {
    let fails = Dataset::from_fn(5, |i| match i {
        3 => Err("cat.png: damaged"),
        i => Ok(Array::from(i as f32)),
    });
    let message = fails.unwrap().all().unwrap_err().to_string();
    assert_eq!(message, "example 3: cat.png: damaged");
    let uneven = Dataset::from_fn(5, |i| {
        Ok::<_, gradus::Error>((Array::zeros(Type::new(Dtype::F32, [i + 1])), vec![Array::from(0i32)]))
    });
    let message = uneven.unwrap().get(&[2, 4]).unwrap_err().to_string();
    assert!(message.starts_with("example 4 has a leaf `0` of f32[5], example 2 one of f32[3]"), "{message}");
    let trees = Dataset::from_fn(5, |i| Ok::<_, gradus::Error>(vec![Array::from(0i32); i + 1]));
    let message = trees.unwrap().get(&[0, 1]).unwrap_err().to_string();
    assert_eq!(message, r#"example 1 has the leaves ["0", "1"], example 0 has ["0"]"#);
}

#[test]
fn parts_pairs_and_changes_share_examples() {
    let data = numbers(10);
    let odd = data.select([1, 3, 5, 7, 9]).unwrap();
    assert_eq!(ints(&odd.get(&[4, 0]).unwrap()), [9, 1]);
    let squares = odd.map(|x: Array| {
        let squares = ints(&x).iter().map(|x| x * x).collect::<Vec<_>>();
        Array::new([squares.len()], squares)
    });
    let (x, y) = odd.zip(&squares).unwrap().get(&[1, 2]).unwrap();
    assert_eq!((ints(&x), ints(&y)), (vec![3, 5], vec![9, 25]));
    assert_eq!(data.zip(&odd).unwrap_err().to_string(), "row 9 is asked for, the data set has 5");
    assert_eq!(data.select([3, 10]).unwrap_err().to_string(), "row 10 is asked for, the data set has 10");
    assert!(matches!(data.select([]), Err(LoadError::NoRows)));
    let fails = data.map(|_| Err::<Array, _>("no"));
    assert_eq!(fails.all().unwrap_err().to_string(), "batch 0 of epoch 0: no");
}

#[test]
fn keys_follow_from_seed_and_position() {
    let keyed = |seed| numbers(4).map_with_key(seed, |key: Array, x: Array| Ok::<_, gradus::Error>((key, x)));
    let keys = |data: Dataset<(Array, Array)>| -> Vec<Array> {
        let stream = data.loader(2).unwrap().stream(Position::default());
        stream.take(6).map(|batch| batch.unwrap().examples.0).collect()
    };
    let all = keys(keyed(1));
    assert_eq!(all, keys(keyed(1)));
    let other = keys(keyed(2));
    for (i, key) in all.iter().enumerate() {
        assert_eq!((key.dtype(), key.shape()), (Dtype::U32, vec![2]));
        assert!(!all[..i].contains(key) && !other.contains(key));
    }
}

#[test]
fn a_position_passes_through_an_array() {
    for position in [Position::default(), Position { epoch: 1 << 40, batch: 7 }] {
        assert_eq!(Position::from_array(&Array::from(position)).unwrap(), position);
    }
    for wrong in [Array::from([1i32, 2]), Array::from([1i64]), Array::from([-1i64, 0])] {
        assert!(Position::from_array(&wrong).is_err(), "{wrong}");
    }
}
