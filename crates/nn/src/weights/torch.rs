//! PyTorch's files (`torch.save` since 1.6): a ZIP archive with a pickle that describes tensors, and their bytes.
//!
//! Nothing of the pickle is executed: it is a small stack machine of which only what describes tensors in dictionaries
//! is understood; the rest is refused. Format of pickles: Python's `pickletools`. Invariant: values refer to others by
//! number, so that no file makes them grow faster than itself, or nest deeper than they are looked at.

use std::collections::BTreeMap;
use std::rc::Rc;

use gradus::{Array, Dtype, Type};

use super::moves::strided;
use super::zip::Archive;
use super::{Foreign, damaged, of_bytes};
use crate::CheckpointFault;

/// The longest description that is read.
const LONGEST_PICKLE: u64 = 64 << 20;

/// How deep dictionaries in dictionaries are looked into, and how many entries all of them may have.
const DEEPEST: usize = 6;
const MOST_ENTRIES: usize = 1_000_000;

/// What the functions and types that are understood are called.
const REBUILD: &str = "torch._utils _rebuild_tensor_v2";
const PARAMETER: &str = "torch._utils _rebuild_parameter";
const DICTIONARY: &str = "collections OrderedDict";

/// A tensor as the pickle describes it.
#[derive(Debug, Clone)]
struct Tensor {
    ty: Type,
    file: String,
    begin: usize,
    steps: Vec<usize>,
}

/// A file of PyTorch.
pub(super) struct Torch {
    archive: Archive,
    tensors: BTreeMap<String, Tensor>,
}

impl Torch {
    /// Reads the description, the file `pickle` of the archive.
    pub(super) fn open(mut archive: Archive, pickle: &str) -> Result<Torch, CheckpointFault> {
        if archive.size(pickle).is_some_and(|size| size > LONGEST_PICKLE) {
            return Err(damaged("its description of tensors is too long"));
        }
        let folder = pickle.strip_suffix("data.pkl").unwrap_or_default().to_owned();
        let text = archive.read(pickle, LONGEST_PICKLE)?;
        let mut machine = Machine { rest: &text, folder, ..Machine::default() };
        let root = machine.run()?;
        let mut tensors = BTreeMap::new();
        let mut looks = 0;
        machine.collect(&root, "", (0, &mut looks), &mut tensors)?;
        Ok(Torch { archive, tensors })
    }
}

impl Foreign for Torch {
    fn names(&self) -> Vec<String> {
        self.tensors.keys().cloned().collect()
    }
    fn ty(&mut self, name: &str) -> Result<Type, CheckpointFault> {
        Ok(self.tensors[name].ty.clone())
    }
    fn read(&mut self, name: &str) -> Result<Array, CheckpointFault> {
        let Tensor { ty, file, begin, steps } = self.tensors[name].clone();
        let bytes = self.archive.read(&file, u64::MAX)?;
        let have = bytes.len() / ty.dtype.size_bytes();
        let reach =
            ty.shape.dims().iter().zip(&steps).try_fold(begin, |reach, (n, step)| {
                reach.checked_add(n.saturating_sub(1).checked_mul(*step)?)
            });
        if ty.shape.size() > 0 && reach.is_none_or(|reach| reach >= have) {
            return Err(damaged(format!("`{name}` reaches beyond the file's bytes for it")));
        }
        let array = strided(&bytes, ty.clone(), begin, &steps);
        of_bytes(name, ty, array.bytes())
    }
}

/// A value on the stack; what has parts is a number in the list of objects.
#[derive(Debug, Clone)]
enum Value {
    None,
    Int(i64),
    Text(Rc<str>),
    Global(Rc<str>),
    Tuple(usize),
    Dict(usize),
    Storage(Dtype, Rc<str>),
    Tensor(Rc<Tensor>),
}

#[derive(Default)]
struct Machine<'a> {
    rest: &'a [u8],
    folder: String,
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: BTreeMap<usize, Value>,
    /// The elements of tuples and lists; of dictionaries, key and value by turns.
    objects: Vec<Vec<Value>>,
}

fn unknown(what: impl std::fmt::Display) -> CheckpointFault {
    damaged(format!(
        "its description of tensors holds {what}, which is not read here; save `model.state_dict()` alone, or as safetensors"
    ))
}

fn cut() -> CheckpointFault {
    damaged("its description of tensors is cut off or damaged")
}

impl Machine<'_> {
    fn take(&mut self, count: usize) -> Result<&[u8], CheckpointFault> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(cut)?;
        self.rest = rest;
        Ok(taken)
    }
    /// An unsigned number of `count` bytes, at most eight.
    fn number(&mut self, count: usize) -> Result<usize, CheckpointFault> {
        let bytes = self.take(count)?;
        let number = bytes.iter().rev().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        usize::try_from(number).map_err(|_| cut())
    }
    fn text(&mut self, count: usize) -> Result<Rc<str>, CheckpointFault> {
        let bytes = self.take(count)?;
        Ok(std::str::from_utf8(bytes).map_err(|_| cut())?.into())
    }
    fn line(&mut self) -> Result<Rc<str>, CheckpointFault> {
        let length = self.rest.iter().position(|byte| *byte == b'\n').ok_or_else(cut)?;
        let line = self.text(length)?;
        self.take(1)?;
        Ok(line)
    }
    fn pop(&mut self) -> Result<Value, CheckpointFault> {
        // What lies below a mark is not the business of what comes after it.
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor { Err(cut()) } else { self.stack.pop().ok_or_else(cut) }
    }
    fn popped(&mut self, count: usize) -> Result<Vec<Value>, CheckpointFault> {
        let mut values = (0..count).map(|_| self.pop()).collect::<Result<Vec<_>, _>>()?;
        values.reverse();
        Ok(values)
    }
    fn since_mark(&mut self) -> Result<Vec<Value>, CheckpointFault> {
        let mark = self.marks.pop().ok_or_else(cut)?;
        Ok(self.stack.split_off(mark))
    }
    fn object(&mut self, values: Vec<Value>) -> usize {
        self.objects.push(values);
        self.objects.len() - 1
    }
    fn tuple(&mut self, values: Vec<Value>) {
        let tuple = self.object(values);
        self.stack.push(Value::Tuple(tuple));
    }
    /// Adds to the tuple, list or dictionary on top of the stack.
    fn extend(&mut self, values: Vec<Value>) -> Result<(), CheckpointFault> {
        match self.stack.last() {
            Some(Value::Tuple(object) | Value::Dict(object)) => self.objects[*object].extend(values),
            _ => return Err(cut()),
        }
        Ok(())
    }

    /// Runs to the end; the value on top is the file's.
    fn run(&mut self) -> Result<Value, CheckpointFault> {
        loop {
            let code = self.take(1)?[0];
            match code {
                b'.' => return self.pop(),
                0x80 => drop(self.number(1)?),
                0x95 => drop(self.number(8)?),
                b'(' => self.marks.push(self.stack.len()),
                b'N' | 0x88 | 0x89 => self.stack.push(Value::None),
                b'G' => {
                    self.take(8)?;
                    self.stack.push(Value::None);
                }
                b'J' | b'K' | b'M' | 0x8a => self.integer(code)?,
                b'X' | 0x8c | 0x8d => {
                    let width =
                        [(b'X', 4), (0x8c, 1), (0x8d, 8)].into_iter().find(|(known, _)| *known == code);
                    let length = self.number(width.map_or(8, |(_, width)| width))?;
                    let text = self.text(length)?;
                    self.stack.push(Value::Text(text));
                }
                b'q' | b'r' | 0x94 => {
                    let index = match code {
                        b'q' => self.number(1)?,
                        b'r' => self.number(4)?,
                        _ => self.memo.len(),
                    };
                    let top = self.stack.last().ok_or_else(cut)?.clone();
                    self.memo.insert(index, top);
                }
                b'h' | b'j' => {
                    let index = self.number(if code == b'h' { 1 } else { 4 })?;
                    let known = self.memo.get(&index).ok_or_else(cut)?.clone();
                    self.stack.push(known);
                }
                _ => self.structure(code)?,
            }
        }
    }

    fn integer(&mut self, code: u8) -> Result<(), CheckpointFault> {
        let count = match code {
            b'J' => 4,
            b'K' => 1,
            b'M' => 2,
            _ => self.number(1)?,
        };
        if count > 8 {
            return Err(unknown("an integer of more than 64 bits"));
        }
        let bytes = self.take(count)?.to_vec();
        let is_negative = matches!(code, b'J' | 0x8a) && bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut all = [if is_negative { 0xFF } else { 0 }; 8];
        all[..count].copy_from_slice(&bytes);
        self.stack.push(Value::Int(i64::from_le_bytes(all)));
        Ok(())
    }

    /// Tuples, dictionaries, and what is called.
    fn structure(&mut self, code: u8) -> Result<(), CheckpointFault> {
        match code {
            b')' | b']' => self.tuple(vec![]),
            b'}' => {
                let dict = self.object(vec![]);
                self.stack.push(Value::Dict(dict));
            }
            b't' => {
                let values = self.since_mark()?;
                self.tuple(values);
            }
            0x85..=0x87 => {
                let values = self.popped(usize::from(code - 0x84))?;
                self.tuple(values);
            }
            b'a' | b's' => {
                let values = self.popped(if code == b'a' { 1 } else { 2 })?;
                self.extend(values)?;
            }
            b'e' | b'u' => {
                let values = self.since_mark()?;
                self.extend(values)?;
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.stack.push(Value::Global(format!("{module} {name}").into()));
            }
            0x93 => match &self.popped(2)?[..] {
                [Value::Text(module), Value::Text(name)] => {
                    self.stack.push(Value::Global(format!("{module} {name}").into()));
                }
                _ => return Err(cut()),
            },
            b'Q' => {
                let storage = self.pop()?;
                let storage = self.storage(&storage)?;
                self.stack.push(storage);
            }
            b'R' => {
                let [function, args] = <[Value; 2]>::try_from(self.popped(2)?).map_err(|_| cut())?;
                let result = self.call(&function, &args)?;
                self.stack.push(result);
            }
            // Attributes of a dictionary (`_metadata`) say nothing of tensors.
            b'b' => drop(self.pop()?),
            _ => return Err(unknown(format!("the operation {code:#04x}"))),
        }
        Ok(())
    }

    /// `('storage', type, key, device, count)`.
    fn storage(&self, value: &Value) -> Result<Value, CheckpointFault> {
        let Value::Tuple(object) = value else { return Err(cut()) };
        let [Value::Text(kind), Value::Global(name), Value::Text(key), ..] = &self.objects[*object][..]
        else {
            return Err(cut());
        };
        let dtype = match (&**kind, &**name) {
            ("storage", "torch FloatStorage") => Dtype::F32,
            ("storage", "torch DoubleStorage") => Dtype::F64,
            ("storage", "torch HalfStorage") => Dtype::F16,
            ("storage", "torch BFloat16Storage") => Dtype::BF16,
            ("storage", "torch LongStorage") => Dtype::I64,
            ("storage", "torch IntStorage") => Dtype::I32,
            ("storage", "torch ShortStorage") => Dtype::I16,
            ("storage", "torch CharStorage") => Dtype::I8,
            ("storage", "torch ByteStorage") => Dtype::U8,
            ("storage", "torch BoolStorage") => Dtype::Bool,
            (_, name) => return Err(unknown(format!("elements of `{name}`"))),
        };
        Ok(Value::Storage(dtype, key.clone()))
    }

    /// The result of the few functions that describe tensors.
    fn call(&mut self, function: &Value, args: &Value) -> Result<Value, CheckpointFault> {
        let (Value::Global(name), Value::Tuple(args)) = (function, args) else { return Err(cut()) };
        let args = &self.objects[*args];
        match (&**name, &args[..]) {
            (DICTIONARY, []) => Ok(Value::Dict(self.object(vec![]))),
            (PARAMETER, [tensor @ Value::Tensor(_), ..]) => Ok(tensor.clone()),
            (
                REBUILD,
                [Value::Storage(dtype, key), Value::Int(begin), Value::Tuple(shape), Value::Tuple(steps), ..],
            ) => {
                let numbers = |object: &usize| -> Option<Vec<usize>> {
                    let number = |value: &Value| match value {
                        Value::Int(n) => usize::try_from(*n).ok(),
                        _ => None,
                    };
                    self.objects[*object].iter().map(number).collect()
                };
                let (shape, steps) = numbers(shape).zip(numbers(steps)).ok_or_else(cut)?;
                let begin = usize::try_from(*begin).map_err(|_| cut())?;
                if shape.len() != steps.len() || shape.len() > 64 {
                    return Err(cut());
                }
                let (ty, file) = (Type::new(*dtype, shape), format!("{}data/{key}", self.folder));
                Ok(Value::Tensor(Rc::new(Tensor { ty, file, begin, steps })))
            }
            (name, _) => Err(unknown(format!("a call of `{name}`"))),
        }
    }

    /// The tensors in `value` with their names, joined by points.
    fn collect(
        &self,
        value: &Value,
        name: &str,
        (depth, looks): (usize, &mut usize),
        tensors: &mut BTreeMap<String, Tensor>,
    ) -> Result<(), CheckpointFault> {
        // Dictionaries that share others may have more entries than the file has bytes.
        *looks += 1;
        if *looks > MOST_ENTRIES {
            return Err(damaged("its dictionaries have too many entries"));
        }
        match value {
            Value::Tensor(tensor) => drop(tensors.insert(name.to_owned(), (**tensor).clone())),
            Value::Dict(object) if depth < DEEPEST => {
                for pair in self.objects[*object].chunks_exact(2) {
                    let Value::Text(key) = &pair[0] else { continue };
                    let path = if name.is_empty() { key.to_string() } else { format!("{name}.{key}") };
                    self.collect(&pair[1], &path, (depth + 1, looks), tensors)?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}
