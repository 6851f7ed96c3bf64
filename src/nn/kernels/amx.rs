//! The matrix unit of x86 processors (AMX): products of tiles of 16 rows of bfloat16, summed in single
//! precision (Intel's Software Developer's Manual, volume 1, chapter 18). There are no stable intrinsics for it.

use std::arch::asm;
use std::marker::PhantomData;
use std::sync::OnceLock;

/// Side of a tile of sums, and rows of any tile.
pub(super) const SIDE: usize = 16;
/// Values of a row of a factor.
pub(super) const DEPTH: usize = 32;

/// 16 rows of 32 bfloat16. Of a left factor a row is a row; of a right factor a row holds, of each of 16
/// columns, two values that lie one below the other.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Tile(pub(super) [[u16; DEPTH]; SIDE]);

impl Tile {
    pub(super) const ZERO: Self = Self([[0; DEPTH]; SIDE]);
}

/// 16 × 16 sums.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Sums(pub(super) [[f32; SIDE]; SIDE]);

impl Sums {
    pub(super) const ZERO: Self = Self([[0.0; SIDE]; SIDE]);
}

/// Whether this processor has the unit, with the vector instructions that go with it, and the system lets
/// this process use it.
pub(super) fn available() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    *FOUND.get_or_init(|| has_unit() && has_vectors() && permitted())
}

fn has_unit() -> bool {
    const BF16: u32 = 1 << 22;
    const TILE: u32 = 1 << 24;
    let leaves = std::arch::x86_64::__cpuid(0).eax;
    let bits = BF16 | TILE;
    leaves >= 7 && std::arch::x86_64::__cpuid_count(7, 0).edx & bits == bits
}

fn has_vectors() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vnni")
        && is_x86_feature_detected!("avx512bf16")
        && is_x86_feature_detected!("f16c")
        && is_x86_feature_detected!("fma")
}

/// Linux saves tiles only for processes that asked for it; elsewhere the unit stays unused.
#[cfg(target_os = "linux")]
fn permitted() -> bool {
    const ARCH_PRCTL: u64 = 158;
    const REQUEST: u64 = 0x1023;
    const TILE_DATA: u64 = 18;
    let answer: i64;
    // SAFETY: a system call that reads and writes no memory of this process; the registers that it changes
    // are named.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => answer,
            in("rdi") REQUEST,
            in("rsi") TILE_DATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack)
        );
    }
    answer == 0
}

#[cfg(not(target_os = "linux"))]
fn permitted() -> bool {
    false
}

/// Shapes of all tiles, as the unit wants it.
#[repr(C, align(64))]
struct Shapes {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

/// All eight tiles are 16 rows of 64 bytes.
const SHAPES: Shapes = {
    let mut shapes = Shapes {
        palette: 1,
        start_row: 0,
        reserved: [0; 14],
        row_bytes: [0; 16],
        rows: [0; 16],
    };
    let mut tile = 0;
    while tile < 8 {
        shapes.row_bytes[tile] = 64;
        shapes.rows[tile] = 16;
        tile += 1;
    }
    shapes
};

/// The unit, set up on this thread. What was set up before comes back afterwards: the tensor library sets
/// it up once for each thread and then relies on it.
pub(super) struct Unit {
    before: Shapes,
    /// Belongs to the thread.
    here: PhantomData<*mut ()>,
}

impl Unit {
    /// `None` where there is none.
    pub(super) fn take() -> Option<Self> {
        if !available() {
            return None;
        }
        let mut before = Shapes { ..SHAPES };
        // SAFETY: the unit is there and permitted; 64 bytes are written to and read from structures of 64
        // bytes.
        unsafe {
            asm!("sttilecfg [{}]", in(reg) &raw mut before, options(nostack, preserves_flags));
            asm!("ldtilecfg [{}]", in(reg) &raw const SHAPES_PLACE, options(nostack, preserves_flags));
        }
        Some(Self {
            before,
            here: PhantomData,
        })
    }
}

static SHAPES_PLACE: Shapes = SHAPES;

impl Drop for Unit {
    fn drop(&mut self) {
        // SAFETY: as above; these are the shapes that the unit itself gave.
        unsafe {
            asm!("ldtilecfg [{}]", in(reg) &raw const self.before, options(nostack, preserves_flags));
        }
    }
}

/// What a factor is made of: rounded values, or those and what rounding left, one tile behind the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parts {
    One,
    Two,
}

impl Parts {
    pub(super) const fn count(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

macro_rules! product {
    ($a:expr, $b:expr, $sums:expr, $steps:expr, $a_bytes:literal, $b_bytes:literal, $($line:literal),+) => {{
        let ([a0, a1], [b0, b1], [c00, c01, c10, c11]) = ($a, $b, $sums);
        asm!(
            "tileloadd tmm0, [{c00} + {row}*1]",
            "tileloadd tmm1, [{c01} + {row}*1]",
            "tileloadd tmm2, [{c10} + {row}*1]",
            "tileloadd tmm3, [{c11} + {row}*1]",
            "2:",
            $($line,)+
            concat!("add {a0}, ", $a_bytes),
            concat!("add {a1}, ", $a_bytes),
            concat!("add {b0}, ", $b_bytes),
            concat!("add {b1}, ", $b_bytes),
            "dec {steps}",
            "jnz 2b",
            "tilestored [{c00} + {row}*1], tmm0",
            "tilestored [{c01} + {row}*1], tmm1",
            "tilestored [{c10} + {row}*1], tmm2",
            "tilestored [{c11} + {row}*1], tmm3",
            a0 = inout(reg) a0.as_ptr() => _,
            a1 = inout(reg) a1.as_ptr() => _,
            b0 = inout(reg) b0.as_ptr() => _,
            b1 = inout(reg) b1.as_ptr() => _,
            steps = inout(reg) $steps => _,
            row = in(reg) 64usize,
            c00 = in(reg) &raw mut *c00,
            c01 = in(reg) &raw mut *c01,
            c10 = in(reg) &raw mut *c10,
            c11 = in(reg) &raw mut *c11,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack)
        );
    }};
}

/// Adds a\[i\]·b\[j\] to the sums (0,0), (0,1), (1,0), (1,1). Where both factors have two parts, the product of
/// the two rests, 2⁻¹⁸ of the whole, is left out.
pub(super) fn multiply(
    _unit: &Unit,
    a: ([&[Tile]; 2], Parts),
    b: ([&[Tile]; 2], Parts),
    sums: [&mut Sums; 4],
) {
    let ((a, a_parts), (b, b_parts)) = (a, b);
    let steps = a[0].len() / a_parts.count();
    assert!(
        steps > 0
            && a.iter().all(|a| a.len() == steps * a_parts.count())
            && b.iter().all(|b| b.len() == steps * b_parts.count()),
        "factors of the same depth"
    );
    // SAFETY: the unit is set up on this thread for tiles of 16 rows of 64 bytes, which lie one behind the
    // other in memory as `Tile` and `Sums` say; there are as many as was checked; sums are borrowed alone.
    unsafe {
        match (a_parts, b_parts) {
            (Parts::One, Parts::One) => product!(
                a,
                b,
                sums,
                steps,
                "1024",
                "1024",
                "tileloadd tmm4, [{a0} + {row}*1]",
                "tileloadd tmm6, [{b0} + {row}*1]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tileloadd tmm7, [{b1} + {row}*1]",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tileloadd tmm5, [{a1} + {row}*1]",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7"
            ),
            (Parts::One, Parts::Two) => product!(
                a,
                b,
                sums,
                steps,
                "1024",
                "2048",
                "tileloadd tmm4, [{a0} + {row}*1]",
                "tileloadd tmm6, [{b0} + {row}*1 + 1024]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tileloadd tmm7, [{b1} + {row}*1 + 1024]",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tileloadd tmm5, [{a1} + {row}*1]",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                "tileloadd tmm6, [{b0} + {row}*1]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tileloadd tmm7, [{b1} + {row}*1]",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tdpbf16ps tmm3, tmm5, tmm7"
            ),
            (Parts::Two, Parts::One) => product!(
                a,
                b,
                sums,
                steps,
                "2048",
                "1024",
                "tileloadd tmm4, [{a0} + {row}*1 + 1024]",
                "tileloadd tmm6, [{b0} + {row}*1]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tileloadd tmm7, [{b1} + {row}*1]",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tileloadd tmm5, [{a1} + {row}*1 + 1024]",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                "tileloadd tmm4, [{a0} + {row}*1]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tileloadd tmm5, [{a1} + {row}*1]",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7"
            ),
            (Parts::Two, Parts::Two) => product!(
                a,
                b,
                sums,
                steps,
                "2048",
                "2048",
                "tileloadd tmm4, [{a0} + {row}*1 + 1024]",
                "tileloadd tmm6, [{b0} + {row}*1]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tileloadd tmm7, [{b1} + {row}*1]",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tileloadd tmm5, [{a1} + {row}*1 + 1024]",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                "tileloadd tmm4, [{a0} + {row}*1]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tileloadd tmm5, [{a1} + {row}*1]",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                "tileloadd tmm6, [{b0} + {row}*1 + 1024]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tileloadd tmm7, [{b1} + {row}*1 + 1024]",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tdpbf16ps tmm3, tmm5, tmm7"
            ),
        }
    }
}
