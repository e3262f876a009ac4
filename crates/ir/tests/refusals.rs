//! Every numbered constraint of every primitive has operands that violate it, and is cited when they do.

use gradus_ir::ops;
use gradus_ir::{SourceLocation, bind, trace};
use std::collections::BTreeMap;

#[test]
fn what_violates_a_constraint_is_refused_by_its_number() {
    for (constraint, sample) in ops::refusals() {
        let (op, types) = (&sample.op, sample.types());
        let kind = op.rules().infer(&types.iter().collect::<Vec<_>>());
        let kind = kind.expect_err(&format!("{op:?} of {types:?} violates (C{constraint})"));
        assert_eq!(kind.constraint_number(), Some(constraint), "{op:?} of {types:?}: {kind}");
        let error =
            trace(SourceLocation::here(), &types, |x| bind(op.clone(), x).to_vec()).unwrap_err().to_string();
        assert!(error.starts_with(op.rules().name()) && error.contains("refusals.rs"), "{error}");
    }
}

#[test]
fn every_constraint_has_a_refusal() {
    let mut unseen: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    for sample in ops::samples() {
        let rules = sample.op.rules();
        unseen.insert(rules.name(), (1..=rules.constraints().len() as u8).collect());
    }
    for (constraint, sample) in ops::refusals() {
        let left = unseen.get_mut(sample.op.rules().name()).expect("a sample of every primitive");
        left.retain(|number| *number != constraint);
    }
    unseen.retain(|_, left| !left.is_empty());
    assert!(unseen.is_empty(), "constraints that no refusal violates: {unseen:?}");
}

#[test]
fn samples_are_accepted() {
    for sample in ops::samples() {
        let types = sample.types();
        let accepted = sample.op.rules().infer(&types.iter().collect::<Vec<_>>());
        assert!(accepted.is_ok(), "{:?} of {types:?}: {accepted:?}", sample.op);
    }
}
