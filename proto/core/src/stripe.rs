//! The coding of stripes: parity from data, and lost members from any others that are enough (Reed-Solomon, DESIGN §6).
//!
//! A member is a linear combination of any `data` others. The codec only tells the coefficients: it codes the unit
//! vectors, byte by byte, and what comes out are the factors of the members that went in. The bytes themselves are then
//! combined straight from where they lie, block by block, so that nothing is copied or padded, a block of a result is
//! finished while it is in the cache, and only members that are wanted are computed.
//!
//! The first parity of a whole stripe is the sum of its data, as the code has it. So is each of these members the sum of
//! the others: nothing is multiplied for one that lacks alone, and of two the second is summed up with the first.
//!
//! Invariants:
//! - Members count as padded with zeros to the longest; a padding is never stored, sent or read.
//! - The same members give the same parity on every machine, with and without vector instructions.
//!
//! # Vector instructions
//!
//! The library's C code is compiled for Haswell on x86-64, whatever the machine that builds, and would crash an older
//! processor. It is entered by [`galois_8::mul_slice`] and [`galois_8::mul_slice_xor`] alone, which the library's own
//! field uses even for a few bytes. Hence a field of ours for the coefficients, and a question to the processor before
//! bytes are combined. An older one looks products up in a table. Elsewhere the library uses what every processor of the
//! architecture has.

use std::sync::OnceLock;

use reed_solomon_erasure::{Field, ReedSolomon, galois_8};

use crate::{
    group::Group,
    hash::Hash,
    limit::{CHUNK_BYTES_MAX, STRIPE_DATA, STRIPE_PARITY},
};

/// Bytes of each member that are combined at a time: they stay in the first-level cache while all results take them.
const BLOCK_BYTES: usize = 4 << 10;

// The environment can make the library's C code need any processor, which nobody could ask for at run time.
const _: () = assert!(
    option_env!("RUST_REED_SOLOMON_ERASURE_ARCH").is_none(),
    "RUST_REED_SOLOMON_ERASURE_ARCH must not be set: V-Stack chooses by the processor it runs on"
);

const WRONG_NUMBER: &str = "the wrong number of members";

/// Why lost members do not come back, split by what the caller does next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StripeError {
    /// Get more members.
    #[error("{have} members of a stripe that needs {need}")]
    TooFew { have: usize, need: usize },
    /// The manifest or the caller is wrong.
    #[error("this is no stripe: {0}")]
    Malformed(&'static str),
    /// The stripe was written wrongly: only the members themselves help.
    #[error("member {0} of a stripe is not what the others give")]
    Untrue(usize),
}

/// The parity of 1 to 3 data members, each as long as the longest of them. Of any other number there is no stripe, and
/// no parity.
#[must_use]
pub fn encode<B: AsRef<[u8]>>(data: &[B]) -> Vec<Vec<u8>> {
    let mut parity = vec![Vec::new(); STRIPE_PARITY];
    match encode_into(data, &mut parity) {
        Ok(()) => parity,
        Err(_) => Vec::new(),
    }
}

/// The same into buffers that the caller keeps: fresh memory costs more than the coding.
///
/// # Errors
/// When no such stripe can exist.
pub fn encode_into<B: AsRef<[u8]>>(data: &[B], parity: &mut [Vec<u8>]) -> Result<(), StripeError> {
    if parity.len() != STRIPE_PARITY {
        return Err(StripeError::Malformed(WRONG_NUMBER));
    }
    let inputs: Vec<_> = data.iter().map(AsRef::as_ref).collect();
    let from: Vec<_> = (0..data.len()).collect();
    let want: Vec<_> = (data.len()..data.len() + STRIPE_PARITY).collect();
    let longest = inputs.iter().map(|input| input.len()).max().unwrap_or(0);
    combine(&inputs, &recipes(data.len(), &from, &want)?, &[longest; STRIPE_PARITY], parity);
    Ok(())
}

/// The members `want` of a stripe, in that order, from at least `data` of its members. `lengths` are the lengths of all
/// members: data first, then parity.
///
/// The result is right when the members given are: the caller checks it against its name (INT-1).
///
/// # Errors
/// When there are too few members, or no such stripe can exist.
pub fn rebuild<B: AsRef<[u8]>>(
    members: &[Option<B>],
    lengths: &[u32],
    data: usize,
    want: &[usize],
) -> Result<Vec<Vec<u8>>, StripeError> {
    let mut results = vec![Vec::new(); want.len()];
    rebuild_into(members, lengths, data, want, &mut results)?;
    Ok(results)
}

/// The same into buffers that the caller keeps, one for each wanted member.
///
/// # Errors
/// As for [`rebuild`].
pub fn rebuild_into<B: AsRef<[u8]>>(
    members: &[Option<B>],
    lengths: &[u32],
    data: usize,
    want: &[usize],
    results: &mut [Vec<u8>],
) -> Result<(), StripeError> {
    let lengths: Vec<_> = lengths.iter().map(|length| usize::try_from(*length).unwrap_or(usize::MAX)).collect();
    if members.len() != data + STRIPE_PARITY || lengths.len() != members.len() || results.len() != want.len() {
        return Err(StripeError::Malformed(WRONG_NUMBER));
    }
    if lengths.iter().any(|length| *length > CHUNK_BYTES_MAX) || want.iter().any(|at| *at >= members.len()) {
        return Err(StripeError::Malformed("a member that cannot be"));
    }
    let there = members.iter().enumerate().filter_map(|(at, member)| Some((at, member.as_ref()?.as_ref())));
    let (from, inputs): (Vec<_>, Vec<_>) = there.take(data).unzip();
    if from.len() < data {
        return Err(StripeError::TooFew { have: from.len(), need: data });
    }
    if from.iter().zip(&inputs).any(|(at, input)| input.len() != lengths[*at]) {
        return Err(StripeError::Malformed("a member of another length"));
    }
    let lengths: Vec<_> = want.iter().map(|at| lengths[*at]).collect();
    combine(&inputs, &recipes(data, &from, want)?, &lengths, results);
    Ok(())
}

impl Group {
    /// The members `want` from enough others, checked against their names (INT-1).
    ///
    /// # Errors
    /// When there are too few others, or they give something else.
    pub fn rebuild<B: AsRef<[u8]>>(&self, members: &[Option<B>], want: &[usize]) -> Result<Vec<Vec<u8>>, StripeError> {
        let lengths: Vec<_> = self.members.iter().map(|member| member.bytes).collect();
        let rebuilt = rebuild(members, &lengths, self.data, want)?;
        match want.iter().zip(&rebuilt).find(|(member, bytes)| Hash::of(bytes) != self.members[**member].hash) {
            Some((member, _)) => Err(StripeError::Untrue(*member)),
            None => Ok(rebuilt),
        }
    }
}

/// How a member comes from others.
#[derive(Clone, Debug)]
enum Recipe {
    /// Their sum.
    Sum(Vec<Term>),
    /// The sum of all inputs, each times its factor.
    Products(Vec<u8>),
}

/// A part of a sum.
#[derive(Clone, Copy, Debug)]
enum Term {
    Input(usize),
    /// A result that was computed before.
    Result(usize),
}

/// For each member of `want` how it comes from the members `from`, which are `data` many and in order.
fn recipes(data: usize, from: &[usize], want: &[usize]) -> Result<Vec<Recipe>, StripeError> {
    let is_sum =
        coefficients(data, &(0..data).collect::<Vec<_>>(), &[data])?.concat().iter().all(|factor| *factor == 1);
    let sum = |nth: usize| {
        let term = |at: usize| {
            let input = from.iter().position(|have| *have == at).map(Term::Input);
            input.or_else(|| want[..nth].iter().position(|have| *have == at).map(Term::Result))
        };
        let others = (0..=data).filter(|at| *at != want[nth]);
        others.map(term).collect::<Option<_>>().filter(|_| is_sum && want[nth] <= data).map(Recipe::Sum)
    };
    let factors = coefficients(data, from, want)?;
    Ok(factors.into_iter().enumerate().map(|(nth, factors)| sum(nth).unwrap_or(Recipe::Products(factors))).collect())
}

/// For each member of `want` the factors of the members `from`, which are `data` many and in order.
fn coefficients(data: usize, from: &[usize], want: &[usize]) -> Result<Vec<Vec<u8>>, StripeError> {
    static CODECS: [OnceLock<Option<ReedSolomon<Bytewise>>>; STRIPE_DATA] = [const { OnceLock::new() }; STRIPE_DATA];
    const NO_CODEC: StripeError = StripeError::Malformed("not 1 to 3 data members");
    let codec = data.checked_sub(1).and_then(|at| CODECS.get(at)).ok_or(NO_CODEC)?;
    let codec = codec.get_or_init(|| ReedSolomon::new(data, STRIPE_PARITY).ok()).as_ref().ok_or(NO_CODEC)?;
    let mut members = vec![None; data + STRIPE_PARITY];
    for (i, at) in from.iter().enumerate() {
        let mut unit = vec![0; data];
        unit[i] = 1;
        members[*at] = Some(unit);
    }
    codec.reconstruct(&mut members).map_err(|_| StripeError::TooFew { have: from.len(), need: data })?;
    Ok(want.iter().filter_map(|at| members[*at].clone()).collect())
}

/// The results, of so many bytes each.
fn combine(inputs: &[&[u8]], recipes: &[Recipe], lengths: &[usize], results: &mut [Vec<u8>]) {
    for (result, length) in results.iter_mut().zip(lengths) {
        // what a buffer held is overwritten; a new one is zeroed memory of the system's
        if result.capacity() < *length {
            *result = vec![0; *length];
        }
        result.resize(*length, 0);
    }
    let kernel = Kernel::here();
    let longest = lengths.iter().copied().max().unwrap_or(0);
    for from in (0..longest).step_by(BLOCK_BYTES) {
        for (nth, recipe) in recipes.iter().enumerate() {
            let (before, rest) = results.split_at_mut(nth);
            let to = rest[0].len().min(from + BLOCK_BYTES);
            let Some(block) = rest[0].get_mut(from..to) else { continue };
            match recipe {
                Recipe::Sum(terms) => {
                    let term = |term: &Term| match term {
                        Term::Input(at) => part(inputs[*at], from, to),
                        Term::Result(at) => part(&before[*at], from, to),
                    };
                    sum(&terms.iter().map(term).collect::<Vec<_>>(), block);
                }
                Recipe::Products(factors) => {
                    let mut terms = inputs.iter().map(|input| part(input, from, to)).zip(factors);
                    if let Some((input, factor)) = terms.next() {
                        let (filled, padding) = block.split_at_mut(input.len());
                        kernel.multiply(*factor, input, filled);
                        padding.fill(0);
                    }
                    for (input, factor) in terms {
                        kernel.multiply_add(*factor, input, &mut block[..input.len()]);
                    }
                }
            }
        }
    }
}

/// `out` = the sum of all terms, which may be shorter. Three whole ones, as nearly always, are read side by side.
fn sum(terms: &[&[u8]], out: &mut [u8]) {
    match terms {
        [a, b, c] if terms.iter().all(|term| term.len() == out.len()) => {
            let terms = a.iter().zip(*b).zip(*c);
            out.iter_mut().zip(terms).for_each(|(out, ((a, b), c))| *out = a ^ b ^ c);
        }
        _ => {
            out.fill(0);
            for term in terms {
                out.iter_mut().zip(*term).for_each(|(out, byte)| *out ^= byte);
            }
        }
    }
}

/// What a member has of a block before its padding.
fn part(member: &[u8], from: usize, to: usize) -> &[u8] {
    &member[from.min(member.len())..to.min(member.len())]
}

/// How this processor multiplies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kernel {
    Vectors,
    Table,
}

impl Kernel {
    /// The best one; the standard library remembers what the processor answered.
    #[cfg(target_arch = "x86_64")]
    fn here() -> Self {
        let is_haswell = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("f16c")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("movbe")
            && is_x86_feature_detected!("popcnt");
        if is_haswell { Self::Vectors } else { Self::Table }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn here() -> Self {
        Self::Vectors
    }

    /// `out = factor × input`; they are equally long.
    fn multiply(self, factor: u8, input: &[u8], out: &mut [u8]) {
        match self {
            // the library indexes its first byte
            Self::Vectors if !input.is_empty() => galois_8::mul_slice(factor, input, out),
            _ => {
                let products = products(factor);
                out.iter_mut().zip(input).for_each(|(out, byte)| *out = products[usize::from(*byte)]);
            }
        }
    }

    /// `out += factor × input`; they are equally long.
    fn multiply_add(self, factor: u8, input: &[u8], out: &mut [u8]) {
        match self {
            Self::Vectors if !input.is_empty() => galois_8::mul_slice_xor(factor, input, out),
            _ => {
                let products = products(factor);
                out.iter_mut().zip(input).for_each(|(out, byte)| *out ^= products[usize::from(*byte)]);
            }
        }
    }
}

/// The products of a factor and every byte.
fn products(factor: u8) -> [u8; 256] {
    let mut products = [0; 256];
    (0..=u8::MAX).zip(&mut products).for_each(|(byte, product)| *product = galois_8::mul(factor, byte));
    products
}

/// The library's field of bytes without its vector instructions, for a few bytes at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Bytewise;

impl Field for Bytewise {
    const ORDER: usize = galois_8::Field::ORDER;
    type Elem = u8;

    fn add(a: u8, b: u8) -> u8 {
        galois_8::add(a, b)
    }

    fn mul(a: u8, b: u8) -> u8 {
        galois_8::mul(a, b)
    }

    fn div(a: u8, b: u8) -> u8 {
        galois_8::div(a, b)
    }

    fn exp(a: u8, n: usize) -> u8 {
        galois_8::exp(a, n)
    }

    fn zero() -> u8 {
        galois_8::Field::zero()
    }

    fn one() -> u8 {
        galois_8::Field::one()
    }

    fn nth_internal(n: usize) -> u8 {
        galois_8::Field::nth(n)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{id::AssetId, manifest::ChunkRef};

    fn member(seed: u64, length: usize) -> Vec<u8> {
        let mut state = seed | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_be_bytes()[0]
        };
        (0..length).map(|_| next()).collect()
    }

    /// Short ones, and those whose ends lie around a block's.
    fn length() -> impl Strategy<Value = usize> {
        prop_oneof![1usize..100, BLOCK_BYTES - 33..BLOCK_BYTES + 33, 1..3 * BLOCK_BYTES]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn any_two_members_come_back(lengths in prop::collection::vec(length(), 1..=STRIPE_DATA), seed: u64) {
            let mut members: Vec<_> = (seed..).zip(&lengths).map(|(seed, length)| member(seed, *length)).collect();
            let data = members.len();
            let parity = encode(&members);
            prop_assert!(parity.iter().all(|chunk| Some(chunk.len()) == lengths.iter().copied().max()));
            members.extend(parity);
            let lengths: Vec<_> = members.iter().map(|member| u32::try_from(member.len()).expect("short")).collect();
            for a in 0..members.len() {
                for b in 0..members.len() {
                    let left = |(at, member): (usize, &Vec<u8>)| (at != a && at != b).then(|| member.clone());
                    let left: Vec<_> = members.iter().enumerate().map(left).collect();
                    let back = rebuild(&left, &lengths, data, &[b, a]).expect("enough are left");
                    prop_assert!(back == [members[b].clone(), members[a].clone()], "{a} and {b} of {lengths:?}");
                }
            }
        }

        #[test]
        fn every_processor_computes_the_same(factor: u8, length in length(), seed: u64) {
            let (input, old) = (member(seed, length), member(!seed, length));
            let both = [Kernel::Vectors, Kernel::Table].map(|kernel| {
                let (mut product, mut sum) = (old.clone(), old.clone());
                if Kernel::here() == Kernel::Vectors || kernel == Kernel::Table {
                    kernel.multiply(factor, &input, &mut product);
                    kernel.multiply_add(factor, &input, &mut sum);
                    return Some((product, sum));
                }
                None
            });
            prop_assert!(both[0].is_none() || both[0] == both[1]);
        }
    }

    /// Chunks are kept for years: their parity must never be computed otherwise.
    #[test]
    fn parity_is_what_it_was() {
        let data = [b"one".as_slice(), b"second", b"3"];
        let hex = |bytes: &Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(encode(&data).iter().map(hex).collect::<Vec<_>>(), ["2f0b066f6e64", "5a4f165f5707"]);
        assert_eq!(encode(&data[..1]), [b"one", b"one"], "parity of one chunk is that chunk");
        let summed = [([0, 1, 2], [4, 3]), ([2, 3, 4], [0, 1])].map(|(from, want)| recipes(3, &from, &want));
        let is_sum = |recipes: &Result<Vec<_>, _>| matches!(recipes.as_deref(), Ok([_, Recipe::Sum(_)]));
        assert!(summed.iter().all(is_sum), "{summed:?}");
        assert_eq!(encode::<&[u8]>(&[]), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn what_cannot_be_rebuilt_says_why() {
        let few = rebuild(&[Some(b"a"), None, None, None, Some(b"b")], &[1; 5], 3, &[1]);
        assert_eq!(few, Err(StripeError::TooFew { have: 2, need: 3 }));
        let wrong = [
            rebuild(&[Some("a"), None, Some("bb")], &[1; 3], 1, &[3]),
            rebuild(&[Some("aa"), None, None], &[1; 3], 1, &[1]),
            rebuild(&[Some("a"), None], &[1; 2], 0, &[1]),
            rebuild(&[Some("a"); 6], &[1; 6], 4, &[1]),
            rebuild(&[Some("a"), None, None], &[1, u32::MAX, 1], 1, &[1]),
        ];
        assert!(wrong.iter().all(|answer| matches!(answer, Err(StripeError::Malformed(_)))), "{wrong:?}");
    }

    #[test]
    fn what_does_not_hash_to_its_name_is_not_given_out() {
        let mut members = vec![b"one".to_vec(), b"other".to_vec()];
        members.extend(encode(&members));
        let named =
            |bytes: &Vec<u8>| ChunkRef { hash: Hash::of(bytes), bytes: u32::try_from(bytes.len()).expect("short") };
        let mut group = Group::stripe(AssetId(1), "v0", 0, members.iter().map(named).collect(), 2);
        let left = [None, None, Some(&members[2]), Some(&members[3])];
        assert_eq!(group.rebuild(&left, &[1, 0]), Ok(vec![members[1].clone(), members[0].clone()]));
        group.members[1].hash = Hash::of(b"another");
        assert_eq!(group.rebuild(&left, &[0, 1]), Err(StripeError::Untrue(1)));
    }
}
