//! What is said about the tables, written by hand.

pub(super) const HEAD: &str = "\
# Forecasts of lesions, measured

Written by `oncotwin bench laleh --program --out docs/forecast.md`; not by hand.

Data: longest diameters of one target lesion per patient, 1461 lesions and 8416 readings in five trials of atezolizumab or
docetaxel in lung and bladder cancer. Ghaffari Laleh N, Loeffler CML, Grajek J, et al. *Classical mathematical models for prediction of
response to chemotherapy and immunotherapy.* PLoS Comput Biol 2022;18:e1009822, supporting data, licence
[CC BY 4.0](https://creativecommons.org/licenses/by/4.0/), in the form of the repository ablaom/TumorGrowth.jl. The table of
numbers in the program (`src/twin/forecast/laleh.rs`) was learnt from them; nothing else of the data is in it.

Of 641 lesions with at least six scans the last two are held out, 1282 readings.
";

pub(super) const LAWS: &str = "
## Published laws of growth

Mean absolute error in normalised volume (0.52 d³ over the largest of the set), each law fitted to each lesion alone. The published
means are over the 623 lesions that the source lists; the other 18 were left out there because one of eight models failed on them
or erred by more than 0.1. Here all are fitted. *Same error*: of the lesions of trial 1 whose errors are published one by one, how
many have that error here to 0.1 %.

The published figures are those of an early stop: Adam's ε is as large as the gradients of small lesions, which therefore hardly
leave their guess, and the guess of the limit is the last volume. That is re-implemented as described by the documentation of
TumorGrowth.jl, no code taken. Not written there and found from the published errors of single lesions: 20 000 steps for the
general law, 10 000 for the others. How the exponential law is begun on lesions with zeros in their past is not known; their errors
differ, by less than 2·10⁻⁶. A converged fit is another benchmark. *No law of growth beats the last reading.*
";

pub(super) const FORECASTS: &str = "
## Distributions

Each trial is forecast by what the other four teach. Diameters; CRPS over 11 quantiles (5, 10, 20 … 90, 95 %); the interval is
that of 80 %. A lesion progresses when it is 20 % and 5 mm above its smallest diameter. The median of all forecasters is the last
reading, so their errors are those of LOCF.
";

pub(super) const PARTS: &str = "
## Parts of the benchmark

From the published baseline to ours. The mean error is that of both.
";

pub(super) const EVERY_SCAN: &str = "
## Every scan as a last one

Not the benchmark, but what a user meets: each scan of each lesion is the last one once, learnt without its trial, with up to two
later scans as truth. From changes counted from the first scan on to ours.
";

pub(super) const CHOICE: &str = "
## What was tried

**One variant of ours was scored on the full benchmark.** Later runs added scores and the table for lesions with fewer scans, which
no case of the benchmark uses. For each trial how to learn is chosen among six candidates (5, 7 or 8 terms, each from scan 2 or
from scan 3 on) by forecasting each of the other four by the remaining three.

Elsewhere: about 115 fits on development scans (lesions with fewer than six scans, and of the others all but the last two; never a
reading that is held out) with other terms, a shifted median, penalties, weights and ways to treat zeros. A shifted median had a
higher CRPS there than the spread alone. Nine candidates were compared for lesions with one or two scans.

The published baseline is described in words only. To find how it was counted, about 6500 combinations of pool, zeros, classes of
horizon and levels were scored on the benchmark; they concern the baseline, not ours. CRPS, interval score and width agree with the
published 3.137 mm, 25.9 and 15.3 mm; coverage was published as 83.7 %.
";

pub(super) const NO_PROGRAM: &str = "
## As the program says it

Not measured: `--program` was not given.
";

pub(super) const PROGRAM: &str = "\
## As the program says it

The same scans by the calls that the window, `fit` and `project` make after the scan before: the usual models, fitted to each lesion and
averaged; the local level, the last reading with the spread of other lesions; and whoever of them speaks by the rule of
[twin.md](twin.md). All lesions were under treatment from the first scan on, but what a record says of it is another matter, so both are
here: no treatment recorded (exponential, Gompertz and power-law growth), and a systemic treatment from the first scan on, without doses
and without end (exponential and Gompertz growth under it, an effect that fades, two populations).

**In sample.** The local level has the table learnt from all five trials, these lesions among them; *ours* above is the honest figure
of it. How far models stray beyond the last scan and the rule of who speaks were chosen on these very scans. Each lesion has four scans
before at least, of which two can be forecast: to ask for one forecast is to ask for two.
";

pub(super) const TAIL: &str = "
## Method

Q(τ) = d·exp(s(τ)·z(τ)) with the last diameter d, one curve z of ten numbers with z(½) = 0, and s = exp(β⁻·x) below and exp(β⁺·x)
above the median. The terms x have no unit: 1, size, horizon, volatility, scans, time, volatility² and direction, as
`src/twin/forecast/history.rs` defines them. Fitted to the mean CRPS in mm by L-BFGS, with a small penalty. Quantiles cannot cross;
quantile and probability are closed forms at any horizon and level. A lesion last read as zero returns at a constant rate. For a
volume, V = π d³/6 maps quantiles to quantiles.

## Doubts

- **The published baseline is weak.** It pools all changes from the second scan on, early ones included, which are wider. Counted as
  the benchmark itself is, from the last two scans of long lesions, it comes so near that the gain of ours over it is not
  significant.
- The baseline is a reconstruction.
- The CRPS over 11 levels weights the tails by the levels' places; it is a proper score, not the integral.
- Coverage is too low for the scan after next and beyond 100 days: the last scans of the benchmark are those at which records end,
  often by progression. Over all scans coverage is right at each horizon. Learning from record ends would mend the benchmark and
  spoil the use; it was not tried.
- The interval of 95 % covers less: the tails beyond 5 and 95 % are extrapolated, not fitted.
- Coverage is lowest for lesions of 30 to 59 mm.
- The direction of change helps hardly, and only in the spread. The probability of progression is no better than that of the baseline.
- Lesions are resampled, trials are not: five trials say little about a sixth. All are of two substances in two cancers.
- The terms were designed on development scans of all five trials. Readings that are held out were not among them, earlier scans of
  the same lesions were.
- Only one horizon at a time: how errors at two horizons hang together is not modelled.
- Zeros in the truth count as 0 mm in learning, as in the score. Taking them as 2.5 or 5 mm changed the CRPS of development scans by
  less than 0.005 mm.
- One lesion per patient: nothing is shared between lesions.
";
