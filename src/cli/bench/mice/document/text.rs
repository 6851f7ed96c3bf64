//! What is said about the tables, written by hand.

pub(super) const HEAD: &str = "\
# Untreated tumours of mice, and rates as tumgr, measured

Written by `oncotwin bench mice --out docs/mice.md`; not by hand.

Dense series of untreated, fast tumours are where laws of growth are known to hold, unlike a few scans of a treated patient
([forecast.md](forecast.md)). A law that fails here is probably computed wrongly.

Data: volumes of tumours after injection of 10⁶ cells (1 mm³, day 0), Lewis lung carcinoma (Zenodo 3572401) and MDA-MB-231 breast
carcinoma (Zenodo 3574531), CC BY 4.0 there as far as known; the repository of the program that holds them, too, is GPL-3, and none of
its code is used here. Vaghi C, Rodallec A, Fanciullino R, et al. *Population modeling of tumor growth curves and
the reduced Gompertz model improve prediction of the age of experimental tumors.* PLoS Comput Biol 2020;16:e1007178; Benzekry S, Lamont
C, Beheshti A, et al. *Classical mathematical models for description and prediction of experimental tumor growth.* PLoS Comput Biol
2014;10:e1003800. The fluorescence table (photons/s) is not used. PSA of 68 patients: sample data of the R package tumgr 0.0.4 (MIT).
Nothing of the data is in the program.
";

pub(super) const AIMS: &str = "
## What was to be reached

*Refit*: reference figures of a weighted fit of the same tables, tumour by tumour, by other means; the program and its starts are not kept. Its
order of the laws has Gompertz and power law before logistic and exponential, as both publications have. Medians, R², order and tumgr's figures
were set beforehand; the other rows are checks that were added with the program, those of SciPy and of sums on grids where these are.
";

pub(super) const TUMOURS: &str = "
## Tumours

**One by one.** Least squares on volumes, weights 1/σ² with σ = 0.21 max(V, 83 mm³)^0.84 at the *measured* volume, V(0) = 1 mm³.
Levenberg–Marquardt with exact derivatives from up to three starts; the best minimum counts. *Weighted squares per reading* is the
mean over tumours of (weighted sum of squares / readings), not the pooled ratio. The two readings of 0 mm³ in the breast table stay in.

**As a population.** Readings are N(V, s²σ²) with s estimated; logarithms of parameters (logit of γ) are N(μ, Ω) with full Ω. EM, the
posterior of each tumour by adaptive Gauss–Hermite quadrature (31 nodes in one dimension, 11² in two), SQUAREM steps; nothing is drawn.
Modes are searched from the last mode and from the mean, since a posterior can have two. Reduced Gompertz: a = kb is the published
form, one limiting volume eᵏ for all; a = kb + c is the regression of the refit.

**Beginning.** From the last three readings of each tumour, with the population fitted *without* it: V_I at the first of the three and
the parameters on a grid, and the median time at which the volume was 1 mm³. The error is that time in the first of the three days. *First
reading twice*: the published program centres a prior for V_I on the first reading and counts it in the likelihood, too; read there for
its protocol, no code taken. *Likelihood*: V_I is the first reading, b by least squares, k and s of the population, interval from
the normal approximation.
";

pub(super) const RATES: &str = "
## Rates of regression and regrowth

Rules as in tumgr: values as shares of the first; *time starts at 1, not at 0*; all parameters from 0 to 1; a curve needs more
readings than parameters, all of them with p below the level by Student's t; of those curves the one with the lowest AIC; g of gdphi
is reported as g√(1 − φ). Not analysed: one reading; two that differ by less than 20 %; more than two, all equal; a first one of 0.
";

pub(super) const PEERS: &str = "
## Beside SciPy

The same fits by `scipy.optimize.curve_fit` (one start, one thread, derivatives by differences), median of three runs; ours median of
five (curves: one run), all threads. Likelihoods of populations at our estimates, random effects summed out on fine grids.
";

pub(super) const TAIL: &str = "
## Doubts

- **Breast, logistic: the refit has other figures** (0.358, 946 mm³, 11.4). SciPy finds ours, within bounds. Unbounded from (0.5, 1500)
  it found 0.368, 880 mm³, 13.5 in a trial: the refit's are probably a mean with tumours stuck beside their minimum. The order of the
  laws is the same.
- s is above 2 even under the Gompertz law: the stated error, that of measuring twice, explains less than half of the scatter about the
  curve. Who takes σ as it is gets intervals half as wide as they should be.
- Weights at the measured value favour low readings a little. Kept, as the published figures have it so.
- *Beginning, breast*: three methods times three laws, all shown; nothing was tuned on the Bayesian rows. Those with published figures are those
  of the law and protocol that were published, but not the same: there the error is constant and proportional and estimated, the folds
  and the sampler are others.
- **A rule for the likelihood was made after its mean had been seen.** A fit that runs into a bound says nothing of the beginning and is
  left out (*no age*); with such fits the mean is whatever the bound makes of it. Its mean error is therefore no blind hit, and
  the mean width hangs on the few intervals below the limit. Take both as orders of magnitude; the medians are beside them.
- Intervals of a = kb + c are too narrow: no deviation from the line is modelled. Under the full Gompertz law about a third of the breast
  intervals has no lower end, as V_I may lie above the limiting volume.
- R²(a, b) of a population's modes leans to one, as modes lean to their mean. The one of single tumours is the honest one.
- Lung: power law and Gompertz describe a population equally well, as was published.
- Published population estimates are not compared; neither are ages of lung tumours.
- The order of laws leaves out the exponential with free V₀ where no figure of it was given (breast).
- Means, quartiles and SD of tumgr are not among the aims; one mean of φ differs in the sixth place, where R stops a little earlier.
";
