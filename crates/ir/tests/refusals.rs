//! Every numbered constraint of every primitive has operands that violate it, and is cited when they do.

use gradus_ir::ops;
use gradus_ir::{Op, SourceLocation, bind, trace};
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

/// What has no samples is not tested at all: not in the text form, not by a pass, not compiled.
#[test]
fn every_variant_has_samples() {
    let mut missing = Op::variants();
    for sample in ops::samples() {
        missing.retain(|variant| *variant != (sample.op.family(), sample.op.variant()));
    }
    let names: Vec<String> = missing.iter().map(|(family, variant)| format!("{family}::{variant}")).collect();
    assert!(
        names.is_empty(),
        "add samples of {} to `samples` of the family in crates/ir/src/ops",
        names.join(", ")
    );
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
    assert!(
        unseen.is_empty(),
        "add operands that violate these constraints to `refusals` of the family: {unseen:?}"
    );
}

#[test]
fn samples_are_accepted() {
    for sample in ops::samples() {
        let types = sample.types();
        let accepted = sample.op.rules().infer(&types.iter().collect::<Vec<_>>());
        assert!(accepted.is_ok(), "{:?} of {types:?}: {accepted:?}", sample.op);
    }
}
