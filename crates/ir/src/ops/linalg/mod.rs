//! Decompositions of matrices and solutions of systems, over the last two axes; the axes before are batches.
//!
//! What does not exist is NaN, as in JAX: the factor of a matrix that is not positive definite, singular values of
//! infinities. Singular systems have infinities and NaN for solutions. Derivatives are those of the unrounded
//! factors; where singular values or eigenvalues coincide those of the vectors do not exist.

mod compute;
mod derivative;
mod eigen;
mod infer;
pub mod matrix;
mod samples;

use crate::ops::{Attribute, Attributes, Infer, Lanes, Library, Operand, Passes, Rules, Sample};
use crate::trace::{Val, Vals, bind, bind1};
use crate::{Array, ErrorKind, Op};
use std::ops::RangeInclusive;

documented! {
/// A decomposition of matrices, or the solution of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Linalg {
    /// The lower triangular L with positive diagonal of A = L · Lᴴ. Of the positive definite A the lower triangle is
    /// read. NaN in the lower triangle where A is not positive definite.
    Cholesky,
    /// The solution X of op(A) · X = B, or of X · op(A) = B without `left_side`, for a triangular A: its other
    /// triangle is not read, and with `unit_diagonal` nor is its diagonal, which stands for ones. `transpose_a` says
    /// what op does.
    TriangularSolve {
        /// Whether A stands left of X.
        left_side: bool,
        /// Whether A is lower triangular.
        lower: bool,
        /// What becomes of A.
        transpose_a: Transposed,
        /// Whether the diagonal of A is taken for ones.
        unit_diagonal: bool,
    },
    /// The factors of P · A = L · U by partial pivoting: L, whose ones are not stored, below the diagonal, and U above;
    /// the row with which each row was exchanged in turn; and for each row of P · A the row of A.
    Lu,
    /// The factors of A = Q · R: Q with orthonormal columns, R upper triangular. With `full_matrices` Q is square.
    Qr {
        /// Whether Q is completed to a square matrix.
        full_matrices: bool,
    },
    /// The singular values S of A = U · diag(S) · Vᴴ in decreasing order; and with `compute_uv` U and Vᴴ, square if
    /// `full_matrices`.
    Svd {
        /// Whether U and Vᴴ are completed to square matrices.
        full_matrices: bool,
        /// Whether U and Vᴴ are results.
        compute_uv: bool,
    },
    /// The eigenvalues of a Hermitian matrix, of which the lower triangle is read, in increasing order; and with
    /// `compute_vectors` the eigenvectors as columns.
    Eigh {
        /// Whether the eigenvectors are a result.
        compute_vectors: bool,
    },
    /// The eigenvalues of a square matrix, in no order, as a real and an imaginary part; and with `compute_vectors` the
    /// right eigenvectors as columns, likewise in two parts, of length 1, the largest element of each
    /// positive. The operand
    /// is a real matrix, or the real and the imaginary part of a complex one.
    Eig {
        /// Whether the eigenvectors are results.
        compute_vectors: bool,
    },
    /// The solution of a system of three diagonals: row i of the matrix is `dl[i]`, `d[i]`, `du[i]` at columns
    /// i-1, i and
    /// i+1; `dl[0]` and the last element of `du` are not read. Operands: dl, d, du and the right side.
    TridiagonalSolve,
}
}

/// What a triangular system makes of its matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transposed {
    /// A.
    No,
    /// Aᵀ.
    Transpose,
    /// Aᴴ, the conjugated Aᵀ.
    Adjoint,
}

impl Transposed {
    const ALL: [Transposed; 3] = [Transposed::No, Transposed::Transpose, Transposed::Adjoint];

    /// The printed name.
    pub fn name(self) -> &'static str {
        match self {
            Transposed::No => "no_transpose",
            Transposed::Transpose => "transpose",
            Transposed::Adjoint => "adjoint",
        }
    }
}

impl Linalg {
    /// See [`crate::ops::samples`].
    pub fn samples() -> Vec<Sample> {
        samples::samples()
    }
    /// See [`crate::ops::refusals`].
    pub fn refusals() -> Vec<(u8, Sample)> {
        samples::refusals()
    }
    /// See [`crate::Op::parse`].
    pub fn parse(name: &str, attributes: &mut Attributes) -> Option<Result<Linalg, String>> {
        let parsed = match name {
            "cholesky" => Ok(Linalg::Cholesky),
            "triangular_solve" => parse_triangular_solve(attributes),
            "lu" => Ok(Linalg::Lu),
            "qr" => attributes.take("full_matrices").map(|full_matrices| Linalg::Qr { full_matrices }),
            "svd" => attributes.take("full_matrices").and_then(|full_matrices| {
                Ok(Linalg::Svd { full_matrices, compute_uv: attributes.take("compute_uv")? })
            }),
            "eigh" => attributes.take("compute_vectors").map(|v| Linalg::Eigh { compute_vectors: v }),
            "eig" => attributes.take("compute_vectors").map(|v| Linalg::Eig { compute_vectors: v }),
            "tridiagonal_solve" => Ok(Linalg::TridiagonalSolve),
            _ => return None,
        };
        Some(parsed)
    }
    fn op(&self) -> Op {
        (*self).into()
    }
}

fn parse_triangular_solve(attributes: &mut Attributes) -> Result<Linalg, String> {
    let (left_side, lower) = (attributes.take("left_side")?, attributes.take("lower")?);
    let word: String = attributes.take("transpose_a")?;
    let transpose_a = Transposed::ALL.into_iter().find(|t| t.name() == word);
    let transpose_a = transpose_a.ok_or("`transpose_a` is no_transpose, transpose or adjoint")?;
    let unit_diagonal = attributes.take("unit_diagonal")?;
    Ok(Linalg::TriangularSolve { left_side, lower, transpose_a, unit_diagonal })
}

impl Rules for Linalg {
    fn name(&self) -> &'static str {
        match self {
            Linalg::Cholesky => "cholesky",
            Linalg::TriangularSolve { .. } => "triangular_solve",
            Linalg::Lu => "lu",
            Linalg::Qr { .. } => "qr",
            Linalg::Svd { .. } => "svd",
            Linalg::Eigh { .. } => "eigh",
            Linalg::Eig { .. } => "eig",
            Linalg::TridiagonalSolve => "tridiagonal_solve",
        }
    }
    fn attributes(&self) -> Attributes {
        let none = Attributes::new();
        match self {
            Linalg::Cholesky | Linalg::Lu | Linalg::TridiagonalSolve => none,
            Linalg::TriangularSolve { left_side, lower, transpose_a, unit_diagonal } => none
                .with("left_side", *left_side)
                .with("lower", *lower)
                .with("transpose_a", Attribute::word(transpose_a.name()))
                .with("unit_diagonal", *unit_diagonal),
            Linalg::Qr { full_matrices } => none.with("full_matrices", *full_matrices),
            Linalg::Svd { full_matrices, compute_uv } => {
                none.with("full_matrices", *full_matrices).with("compute_uv", *compute_uv)
            }
            Linalg::Eigh { compute_vectors } | Linalg::Eig { compute_vectors } => {
                none.with("compute_vectors", *compute_vectors)
            }
        }
    }
    fn arity(&self) -> RangeInclusive<usize> {
        match self {
            Linalg::TriangularSolve { .. } => 2..=2,
            Linalg::TridiagonalSolve => 4..=4,
            Linalg::Eig { .. } => 1..=2,
            _ => 1..=1,
        }
    }
    fn num_results(&self, _: usize) -> usize {
        match self {
            Linalg::Cholesky | Linalg::TriangularSolve { .. } | Linalg::TridiagonalSolve => 1,
            Linalg::Lu => 3,
            Linalg::Eig { compute_vectors: true } => 4,
            Linalg::Eig { compute_vectors: false } => 2,
            Linalg::Qr { .. } => 2,
            Linalg::Svd { compute_uv, .. } => {
                if *compute_uv {
                    3
                } else {
                    1
                }
            }
            Linalg::Eigh { compute_vectors } => {
                if *compute_vectors {
                    2
                } else {
                    1
                }
            }
        }
    }
    fn constraints(&self) -> &'static [&'static str] {
        infer::constraints(self)
    }
    fn infer(&self, args: &[&crate::Type]) -> Infer {
        infer::infer(self, args)
    }
    fn eval(&self, args: &[&Array]) -> Result<Vec<Array>, ErrorKind> {
        crate::ops::library::evaluate_if_known(&self.op(), args)
    }
    fn refusal(&self) -> Option<ErrorKind> {
        (!gradus_library::DECOMPOSES).then(|| crate::ops::library::missing("linalg"))
    }
    fn jvp(&self, _: &dyn Passes, x: &[Val], dx: &[Option<Val>]) -> (Vals, Vec<Option<Val>>) {
        derivative::jvp(self, x, dx)
    }
    fn transpose(&self, _: &dyn Passes, ct: &[Option<Val>], args: &[Operand]) -> Vec<Option<Val>> {
        derivative::transpose(self, ct[0], args)
    }
    fn batch(&self, _: &dyn Passes, args: &[Val], mapped: &[bool], lanes: Lanes) -> Vals {
        let everywhere = |(v, mapped): (&Val, &bool)| if *mapped { *v } else { v.repeat_leading(lanes.size) };
        bind(*self, &args.iter().zip(mapped).map(everywhere).collect::<Vals>())
    }
    fn library(&self) -> Option<&dyn Library> {
        Some(self)
    }
}

impl Val {
    /// The lower triangular factor of positive definite matrices. See [`Linalg::Cholesky`].
    #[track_caller]
    pub fn cholesky(self) -> Val {
        bind1(Linalg::Cholesky, &[self])
    }
    /// The solution of `op(self) · X = b` or `X · op(self) = b`. See [`Linalg::TriangularSolve`].
    #[track_caller]
    pub fn triangular_solve(
        self,
        b: Val,
        left_side: bool,
        lower: bool,
        transpose_a: Transposed,
        unit_diagonal: bool,
    ) -> Val {
        bind1(Linalg::TriangularSolve { left_side, lower, transpose_a, unit_diagonal }, &[self, b])
    }
    /// Packed factors, pivots and permutation. See [`Linalg::Lu`].
    #[track_caller]
    pub fn lu(self) -> Vals {
        bind(Linalg::Lu, &[self])
    }
    /// Q and R. See [`Linalg::Qr`].
    #[track_caller]
    pub fn qr(self, full_matrices: bool) -> Vals {
        bind(Linalg::Qr { full_matrices }, &[self])
    }
    /// Singular values, left and right vectors. See [`Linalg::Svd`].
    #[track_caller]
    pub fn svd(self, full_matrices: bool) -> Vals {
        bind(Linalg::Svd { full_matrices, compute_uv: true }, &[self])
    }
    /// Singular values. See [`Linalg::Svd`].
    #[track_caller]
    pub fn singular_values(self) -> Val {
        bind1(Linalg::Svd { full_matrices: false, compute_uv: false }, &[self])
    }
    /// Eigenvalues and eigenvectors of Hermitian matrices. See [`Linalg::Eigh`].
    #[track_caller]
    pub fn eigh(self) -> Vals {
        bind(Linalg::Eigh { compute_vectors: true }, &[self])
    }
    /// Eigenvalues and eigenvectors, each in two parts, of matrices in one part or two. See [`Linalg::Eig`].
    #[track_caller]
    pub fn eig(parts: &[Val]) -> Vals {
        bind(Linalg::Eig { compute_vectors: true }, parts)
    }
    /// Eigenvalues in two parts. See [`Linalg::Eig`].
    #[track_caller]
    pub fn eigenvalues(parts: &[Val]) -> Vals {
        bind(Linalg::Eig { compute_vectors: false }, parts)
    }
    /// Eigenvalues of Hermitian matrices. See [`Linalg::Eigh`].
    #[track_caller]
    pub fn eigenvalues_hermitian(self) -> Val {
        bind1(Linalg::Eigh { compute_vectors: false }, &[self])
    }
}
