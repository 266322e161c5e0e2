//! ISA-L, which codes with the best vectors a processor has. It is loaded when it is there, so that nothing else needs it.
#![allow(unsafe_code, reason = "a C library is called, of which the workspace's programs know nothing")]

use std::ffi::c_int;

use libloading::Library;

use crate::common::{Outcome, package};

const NAME: &str = "libisal.so.2";
const PACKAGE: &str = "libisal2";
/// What it computes for each coefficient beforehand.
const TABLE_BYTES: usize = 32;

type GenMatrix = unsafe extern "C" fn(*mut u8, c_int, c_int);
type InvertMatrix = unsafe extern "C" fn(*mut u8, *mut u8, c_int) -> c_int;
type InitTables = unsafe extern "C" fn(c_int, c_int, *mut u8, *mut u8);
type EncodeData = unsafe extern "C" fn(c_int, c_int, c_int, *mut u8, *mut *mut u8, *mut *mut u8);

/// The library, and the matrix of a code of it: for each member its coefficients of the data.
pub(crate) struct Isal {
    invert_matrix: InvertMatrix,
    init_tables: InitTables,
    encode_data: EncodeData,
    data: usize,
    matrix: Vec<u8>,
    /// The functions live as long as this.
    _library: Library,
}

impl Isal {
    /// The code of so many data members and so many of parity.
    pub(crate) fn open(data: usize, parity: usize) -> Outcome<Self> {
        // SAFETY: loading it runs nothing but the choice of its vectors.
        let library = package::found(PACKAGE, || unsafe { Library::new(NAME) }.ok())?;
        // SAFETY: these are the library's own declarations, as in its erasure_code.h and gf_vect_mul.h.
        let (gen_matrix, invert_matrix, init_tables, encode_data) = unsafe {
            (
                *library.get::<GenMatrix>(b"gf_gen_cauchy1_matrix\0")?,
                *library.get::<InvertMatrix>(b"gf_invert_matrix\0")?,
                *library.get::<InitTables>(b"ec_init_tables\0")?,
                *library.get::<EncodeData>(b"ec_encode_data\0")?,
            )
        };
        let mut matrix = vec![0; (data + parity) * data];
        // SAFETY: it writes so many rows of so many bytes.
        unsafe { gen_matrix(matrix.as_mut_ptr(), int(data + parity)?, int(data)?) };
        Ok(Self { invert_matrix, init_tables, encode_data, data, matrix, _library: library })
    }

    pub(crate) fn encode(&self, data: &[Vec<u8>], parity: &mut [Vec<u8>]) -> Outcome<()> {
        self.combine(&self.matrix[self.data * self.data..], &data.iter().collect::<Vec<_>>(), parity)
    }

    /// Data members `lost` from the members `from`, which are as many as there are data members.
    pub(crate) fn rebuild(&self, from: &[(usize, &Vec<u8>)], lost: &[usize], results: &mut [Vec<u8>]) -> Outcome<()> {
        let data = self.data;
        let mut rows: Vec<u8> = from.iter().flat_map(|(at, _)| self.row(&self.matrix, *at)).copied().collect();
        let mut inverse = vec![0; data * data];
        if rows.len() != inverse.len() {
            return Err("ISA-L wants as many members as there are data members".into());
        }
        // SAFETY: both are square matrices of this size.
        if unsafe { (self.invert_matrix)(rows.as_mut_ptr(), inverse.as_mut_ptr(), int(data)?) } != 0 {
            return Err("ISA-L cannot invert the matrix".into());
        }
        let wanted: Vec<u8> = lost.iter().flat_map(|at| self.row(&inverse, *at)).copied().collect();
        self.combine(&wanted, &from.iter().map(|(_, member)| *member).collect::<Vec<_>>(), results)
    }

    fn row<'a>(&self, matrix: &'a [u8], at: usize) -> &'a [u8] {
        &matrix[at * self.data..(at + 1) * self.data]
    }

    /// For each result the sum of the inputs, each times its coefficient.
    fn combine(&self, coefficients: &[u8], inputs: &[&Vec<u8>], results: &mut [Vec<u8>]) -> Outcome<()> {
        let length = inputs.first().map_or(0, |input| input.len());
        let equal = inputs.iter().all(|input| input.len() == length) && results.iter().all(|out| out.len() == length);
        if !equal || inputs.len() != self.data || coefficients.len() != inputs.len() * results.len() {
            return Err("ISA-L wants members of one length, and a coefficient for each pair".into());
        }
        let (rows, columns) = (int(results.len())?, int(inputs.len())?);
        let mut coefficients = coefficients.to_vec();
        let mut tables = vec![0; TABLE_BYTES * coefficients.len()];
        let mut from: Vec<*mut u8> = inputs.iter().map(|input| input.as_ptr().cast_mut()).collect();
        let mut to: Vec<*mut u8> = results.iter_mut().map(Vec::as_mut_ptr).collect();
        // SAFETY: the tables are as long as it needs, all members are `length` long, and it writes to the results alone.
        unsafe {
            (self.init_tables)(columns, rows, coefficients.as_mut_ptr(), tables.as_mut_ptr());
            (self.encode_data)(int(length)?, columns, rows, tables.as_mut_ptr(), from.as_mut_ptr(), to.as_mut_ptr());
        }
        Ok(())
    }
}

fn int(number: usize) -> Outcome<c_int> {
    Ok(c_int::try_from(number)?)
}
