//! What is said about the tables, written by hand.

pub(super) const HEAD: &str = "\
# Whether posteriors can be trusted, and how long they take, measured

Written by `oncotwin bench sbc --out docs/calibration.md`; not by hand.

An interval of 80 % should hold the truth in 80 of 100 lesions. For real lesions the truth is never known, so lesions are made up:
under the very model that is fitted (does the computation keep its word?), and under another one (what does a wrong model cost?). How
forecasts do on real lesions is in [forecast.md](forecast.md).
";

pub(super) const AIMS: &str = "
## What was to be reached

All aims and both seeds were set beforehand. The method was tuned on other seeds; an earlier form of it was run with both of these before it
came into the program. *Times as fast as emcee* has two rows, for the ordinary and for the vectorised way to call it. That medians are
those of emcee is a check that was added: it says that both have the same model.
";

pub(super) const RANKS: &str = "
## Truth from the prior

Simulation-based calibration (Talts, Betancourt, Simpson, Vehtari, Gelman, arXiv:1804.06788). Parameters from the prior; 3, 4, 5 or 6 scans
about every six weeks (35–55 days), three of four as diameters, else volumes, by one reader or a program, a fourth of them on thick slices, with
the noise that the fit assumes and zero below the limit of detection; the posterior; 99 draws of it. The rank of the truth among them is uniform if the posterior is right: for every parameter, for the
latent size 60 days after the last scan and for a measurement of it.

Every model under a regime that exercises it (`doses`: four or eight every three weeks; `times`: a drug of which only start and end are
known; `radiotherapy and surgery`), and the published priors under their models. Parameters that lead to no number are drawn again.

Two tests of each row: χ² in 20 bins, and the curve, by the least binomial tail of its empirical distribution function against 100 000 uniform
samples (Säilynoja, Bürkner, Vehtari, Stat Comput 2022;32:32), which is one p-value for simultaneous bands. Both are adjusted by Holm
(Scand J Stat 1979;6:65) over all rows of a seed. Coverages of central 50, 80 and 90 % intervals are counted against a two-sided binomial band at 1 % for all
rows and levels of a seed together. `simeoni` is integrated step by step, which takes up to seconds: it gets a tenth of the draws, and bands of its
own.
";

pub(super) const ROWS: &str = "
p-values in the next table are those of each row by itself: with so many rows some are small by chance. The adjusted ones decide; the least is
among the aims, all are in the rows of `--json`.
";

pub(super) const COHORT: &str = "
## Truth that no model knows

Sensitive and resistant cells whose dead stay visible (`two_populations_clearance`), under doses, 3–6 scans; fitted by models of one population
(T11), each alone and averaged by their scores on held-out scans. Where a scan 60 days after the last lay against the 80 % band: *without
straying* is the posterior as it is, *as the program has it* lets sizes stray from the law beyond the last scan.
";

pub(super) const SPEED: &str = "
## Time

What the program does for one lesion and model: posterior, leave-one-out scores for the weight, what identifies each parameter, residuals,
summary. Lesions are made up as above. `simeoni` is timed on fewer lesions. *Usual models* are those that the program averages where none is asked for (three to four, by
treatment). A patient has lesions under the same doses, all fitted and then joined. The aim of a patient is that of the joint posterior under one
model; the usual models are beside it.
";

pub(super) const PEERS: &str = "
## Beside SciPy and emcee

`exponential` under doses, six scans, diameters of one reader, all above the limit of detection: four parameters. Both peers are
written in NumPy without loops; same curve, same Student noise and priors for emcee (32 walkers; 500 steps of burn-in, not counted; 5000 steps;
effective draws by the longest autocorrelation time). *Vectorised* evaluates half of the walkers at once. `curve_fit` finds one point and a
covariance from one start, by least squares without priors: less work than a posterior, so no factor was set for it. One thread each; ours with
everything that is said under *Time*, effective draws by 1/Σw². Medians over lesions.
";

pub(super) const TAIL: &str = "
## Doubts

- **Ten scans are not in the table, and fail there.** In an earlier form of the method, 1000 draws with ten scans: bands of 80 and 90 % held the
  growth of sensitive cells in 76 and 86 % under `two_populations`, in 77 and 87 % with clearance (effect of a dose the same), and the
  decline of growth under `gompertz` with doses in 75 and 86 %. Ridges of growth against kill are drawn a little too narrow. Forecasts passed.
- Calibration is of the model *without* straying beyond the last scan, which is no part of the posterior.
- Straying is symmetric, and its size was chosen in sample, on 641 lesions of Laleh et al. 2022, where 80 % bands of the average of the usual
  models hold about 80 % of the last two scans ([forecast.md](forecast.md) has the data). The misspecified cohort was not used to choose it. What
  bands miss there is regrowth: more lies above than below, and a symmetric band buys coverage above with width below.
- The misspecified cohort is of our own making: one wrong truth, not all.
- Priors of the half-life of effects, of the resistant share, of lag and swelling under immunotherapy are assumptions without a published table.
  Calibration under a prior says nothing of whether the prior is right.
- The method was tuned on other seeds than both of this page. That a p-value is above its limit means that so many draws show no deviation: a coverage
  that is 2 % off passes with 1000 draws, and 5 % off with 100.
- Effective draws by weights and by autocorrelation are different estimates; ours counts weights of draws that are independent, and
  after the fallback (sequential Monte Carlo) independent lines of descent.
- `simeoni` takes a second or more for a lesion: its cells need a solver, draw by draw. It is not among the usual models.
- Times are those of one machine; a worst case among 60 is no bound.
";
