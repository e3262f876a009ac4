//! The format of a folder of oracle cases: `manifest.json` and `tensors.safetensors`.

use anyhow::{Context, Result, bail};
use gradus::Val;
use gradus_ir::{Array, Buffer, Dtype, Type};
use safetensors::SafeTensors;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

#[derive(Deserialize)]
pub(crate) struct Manifest {
    pub(crate) format: String,
    pub(crate) cases: Vec<Case>,
}

/// One program with its inputs and what the oracle made of them.
#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) op: String,
    #[serde(default)]
    pub(crate) params: Map<String, Value>,
    #[serde(default)]
    pub x64: bool,
    pub(crate) inputs: Vec<Slot>,
    pub(crate) outputs: Vec<Slot>,
    pub(crate) vjp: Option<Vjp>,
    pub(crate) jvp: Option<Jvp>,
    pub(crate) hvp: Option<Hvp>,
    pub(crate) vmap: Option<Vmap>,
    pub(crate) tol: Tolerance,
    /// What of the results is defined, where not all is.
    #[serde(default)]
    pub(crate) compare: Compare,
}

/// How results are compared with the oracle's.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Compare {
    /// Element by element.
    #[default]
    Close,
    /// The sign of each column of a factor is free.
    QrUpToSign,
    /// As of QR.
    SvdUpToSign,
    /// As of QR.
    EighUpToSign,
}

impl Compare {
    /// The axis of result `index` along which signs are free.
    pub(crate) fn free_sign(self, index: usize, rank: usize) -> Option<usize> {
        let (columns, rows) = (rank.checked_sub(1)?, rank.checked_sub(2)?);
        match (self, index) {
            (Compare::QrUpToSign, 0) | (Compare::SvdUpToSign, 0) | (Compare::EighUpToSign, 1) => {
                Some(columns)
            }
            (Compare::QrUpToSign, 1) | (Compare::SvdUpToSign, 2) => Some(rows),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Slot {
    pub(crate) key: String,
    pub(crate) dtype: String,
    pub(crate) shape: Vec<usize>,
    #[serde(default)]
    pub(crate) complex: bool,
    pub(crate) bits_of: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Vjp {
    pub(crate) argnums: Vec<usize>,
    pub(crate) outnums: Vec<usize>,
    pub(crate) cotangents: Vec<Slot>,
    pub(crate) grads: Vec<Slot>,
}

#[derive(Deserialize)]
pub(crate) struct Jvp {
    pub(crate) argnums: Vec<usize>,
    pub(crate) outnums: Vec<usize>,
    pub(crate) tangents: Vec<Slot>,
    pub(crate) out_tangents: Vec<Slot>,
}

#[derive(Deserialize)]
pub(crate) struct Hvp {
    pub(crate) out: Vec<Slot>,
}

#[derive(Deserialize)]
pub(crate) struct Vmap {
    pub(crate) in_axes: Vec<Option<i64>>,
    #[serde(default)]
    pub(crate) out_axes: i64,
    pub(crate) inputs: Vec<Slot>,
    pub(crate) outputs: Vec<Slot>,
}

#[derive(Clone, Copy, Deserialize)]
pub(crate) struct Tolerance {
    pub(crate) rtol: f64,
    pub(crate) atol: f64,
}

impl Case {
    /// Every slot, whatever part it belongs to.
    pub(crate) fn slots(&self) -> Vec<&Slot> {
        let mut all: Vec<&Slot> = self.inputs.iter().chain(&self.outputs).collect();
        if let Some(p) = &self.vjp {
            all.extend(p.cotangents.iter().chain(&p.grads));
        }
        if let Some(p) = &self.jvp {
            all.extend(p.tangents.iter().chain(&p.out_tangents));
        }
        if let Some(p) = &self.hvp {
            all.extend(&p.out);
        }
        if let Some(p) = &self.vmap {
            all.extend(p.inputs.iter().chain(&p.outputs));
        }
        all
    }
}

impl Slot {
    /// The element type; `None` if gradus has it not yet.
    pub(crate) fn element_type(&self) -> Option<Dtype> {
        if self.bits_of.is_some() {
            return None;
        }
        let dtype = Dtype::from_name(&self.dtype.to_lowercase())?;
        Some(if self.complex { dtype.complex() } else { dtype })
    }
    /// The shape; complex numbers are stored with their parts along one more axis.
    fn shape(&self) -> &[usize] {
        if self.complex { &self.shape[..self.shape.len() - 1] } else { &self.shape }
    }
    /// The name of the element type, for the list of what is skipped.
    pub(crate) fn dtype_name(&self) -> String {
        match &self.bits_of {
            Some(name) => name.clone(),
            None => self.dtype.to_lowercase(),
        }
    }
}

/// The arrays of a folder.
pub(crate) struct Tensors<'a>(SafeTensors<'a>);

impl<'a> Tensors<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Tensors<'a>> {
        Ok(Tensors(SafeTensors::deserialize(bytes).context("tensors.safetensors")?))
    }
    pub(crate) fn read(&self, slot: &Slot) -> Result<Array> {
        let view = self.0.tensor(&slot.key).with_context(|| format!("tensor {}", slot.key))?;
        let dtype = slot.element_type().with_context(|| format!("tensor {} is {}", slot.key, slot.dtype))?;
        let ty = Type::new(dtype, slot.shape());
        if view.shape() != slot.shape || view.data().len() != ty.size_bytes() {
            bail!("tensor {} has another shape than the manifest says", slot.key);
        }
        let mut buffer = Buffer::any(ty.size_bytes());
        buffer.bytes_mut().copy_from_slice(view.data());
        Ok(Array::from_buffer(ty, buffer))
    }
    pub(crate) fn read_all(&self, slots: &[Slot]) -> Result<Vec<Array>> {
        slots.iter().map(|slot| self.read(slot)).collect()
    }
}

pub(crate) fn load(dir: &Path) -> Result<(Manifest, Vec<u8>)> {
    let read = |name: &str| {
        let path = dir.join(name);
        std::fs::read(&path).with_context(|| path.display().to_string())
    };
    let manifest: Manifest = serde_json::from_slice(&read("manifest.json")?).context("manifest.json")?;
    if manifest.format != "gradus-golden-1" {
        bail!("manifest.json is of format {:?}, not \"gradus-golden-1\"", manifest.format);
    }
    Ok((manifest, read("tensors.safetensors")?))
}

/// The parameters of a case. One that the op never asks for is a failure: it would be ignored.
pub(crate) struct Params<'a> {
    map: &'a Map<String, Value>,
    read: RefCell<BTreeSet<String>>,
}

impl<'a> Params<'a> {
    pub(crate) fn new(map: &'a Map<String, Value>) -> Params<'a> {
        Params { map, read: RefCell::default() }
    }
    /// The parameters that nobody asked for.
    pub(crate) fn unread(&self) -> Vec<String> {
        self.map.keys().filter(|k| !self.read.borrow().contains(*k)).cloned().collect()
    }
    /// The parameter as JSON; `None` if it is absent or null.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Value> {
        self.read.borrow_mut().insert(name.into());
        self.map.get(name).filter(|v| !v.is_null())
    }
    /// Whether it is there at all, perhaps as null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }
    pub(crate) fn int(&self, name: &str) -> Option<i64> {
        self.get(name).and_then(Value::as_i64)
    }
    pub(crate) fn float(&self, name: &str) -> Option<f64> {
        self.get(name).and_then(Value::as_f64)
    }
    /// A number as the oracle's program wrote it: an integer stays one, so that it promotes as such.
    pub(crate) fn number(&self, name: &str) -> Option<Val> {
        self.get(name).and_then(|v| v.as_i64().map(Val::from).or_else(|| v.as_f64().map(Val::from)))
    }
    pub(crate) fn bool(&self, name: &str) -> Option<bool> {
        self.get(name).and_then(Value::as_bool)
    }
    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        self.get(name).and_then(Value::as_str)
    }
    /// A list of integers; a single integer is a list of one.
    pub(crate) fn ints(&self, name: &str) -> Option<Vec<i64>> {
        self.get(name).map(ints)
    }
    /// A list of naturals.
    pub(crate) fn dims(&self, name: &str) -> Option<Vec<usize>> {
        self.ints(name).map(|list| list.into_iter().map(|n| n as usize).collect())
    }
}

/// A list of integers; a single integer is a list of one.
pub(crate) fn ints(value: &Value) -> Vec<i64> {
    match value {
        Value::Array(list) => list.iter().filter_map(Value::as_i64).collect(),
        other => other.as_i64().into_iter().collect(),
    }
}
