//! Programs without what nobody reads: parameters, results and the equations between them.

use crate::{Builder, Program, Var};

impl Program {
    /// Which parameters the results marked, and what has an effect, depend on.
    pub fn needs(&self, results: &[bool]) -> Vec<bool> {
        let mut needed = self.needed(results).0;
        needed.truncate(self.num_params());
        needed
    }

    /// Which variables are needed, and which equations.
    fn needed(&self, results: &[bool]) -> (Vec<bool>, Vec<bool>) {
        let mut needed = vec![false; self.num_vars()];
        for (result, _) in self.results().iter().zip(results).filter(|(_, read)| **read) {
            needed[result.index()] = true;
        }
        let mut kept = vec![false; self.equations().len()];
        for (i, eqn) in self.equations().iter().enumerate().rev() {
            let does_more = eqn.op.rules().effect().stays();
            kept[i] = does_more || eqn.results.iter().any(|r| needed[r.index()]);
            if kept[i] {
                eqn.args.iter().for_each(|a| needed[a.index()] = true);
            }
        }
        (needed, kept)
    }

    /// The program of the parameters and results marked alone; these results need no other parameter.
    pub fn narrowed(&self, params: &[bool], results: &[bool]) -> Program {
        let (_, kept) = self.needed(results);
        let mut name: Vec<Option<Var>> = vec![None; self.num_vars()];
        let mut builder = Builder::new();
        for (param, _) in self.params().zip(params).filter(|(_, kept)| **kept) {
            name[param.index()] = Some(builder.param(self.ty(param).clone()));
        }
        let new =
            |name: &[Option<Var>], var: &Var| name[var.index()].expect("internal: what is read is kept");
        for (eqn, _) in self.equations().iter().zip(kept).filter(|(_, kept)| *kept) {
            let args = eqn.args.iter().map(|a| new(&name, a)).collect();
            let types: Vec<_> = eqn.results.iter().map(|r| self.ty(*r).clone()).collect();
            let defined = builder.push(eqn.op.clone(), args, types, eqn.place);
            for (old, var) in eqn.results.iter().zip(defined) {
                name[old.index()] = Some(var);
            }
        }
        let results = self.results().iter().zip(results).filter(|(_, read)| **read);
        let results: Vec<Var> = results.map(|(r, _)| new(&name, r)).collect();
        builder.finish(&results)
    }
}
