//! The table that comes with the program.
//!
//! Learnt from the diameters of 1461 target lesions in five trials of atezolizumab or docetaxel in
//! lung and bladder cancer: Ghaffari Laleh N et al., PLoS Comput Biol 2022;18:e1009822, supporting data,
//! licence CC BY 4.0 (<https://creativecommons.org/licenses/by/4.0/>), in the form of the repository
//! ablaom/TumorGrowth.jl. What was changed: only these numbers were learnt from them.
//!
//! `oncotwin bench laleh` chooses how to learn, learns the table anew and says whether it is this one.

use super::absent::Absent;
use super::population::Population;
use super::spread::Spread;

/// Eight terms, from the third scan on: the least mean of the inner scores, whichever trial is left out.
pub(super) const TABLE: Population = Population {
    least_scans: 3,
    early: Spread {
        shrink: [
            -2.399213005198504,
            -0.09000004473132305,
            0.9989386019278385,
            1.0701017057812279,
            -0.10051283423472913,
            -0.5604686837007409,
            0.2910606411218207,
            -0.3803507410083414,
        ],
        grow: [
            -1.9139841061192007,
            -0.39712447490132086,
            0.45226945960507087,
            0.5353338971687086,
            -0.02221067666903838,
            -0.08680824172124406,
            -0.49272741826117256,
            0.3452371280963486,
        ],
        below: [
            -1.7319753065658725,
            -1.030666920889858,
            -0.5242619585300753,
            -0.2772055857324663,
            -0.11658632416178837,
        ],
        above: [
            0.12605836137080018,
            0.36628435307548574,
            0.6791117761031917,
            1.2085730468062872,
            1.7404287738705666,
        ],
    },
    spread: Spread {
        shrink: [
            -2.5088195436927947,
            -0.12694790755718166,
            0.8596065098007931,
            1.1530227116319607,
            0.029515102662287292,
            -0.31439425611579036,
            0.5069390842189997,
            -0.39920584640846063,
        ],
        grow: [
            -1.9004956389749499,
            -0.2947890627276668,
            0.36682761054805924,
            0.6220701312380428,
            -0.3369614140948072,
            0.21704566420984983,
            -0.7899723404898688,
            0.25695369501447746,
        ],
        below: [
            -1.9862424956146778,
            -1.074889201986873,
            -0.5146335799668686,
            -0.24099539403650821,
            -0.05821975877060926,
        ],
        above: [
            0.14086338309379187,
            0.3632089179498348,
            0.6566648098246872,
            1.196033142762469,
            1.746176089504438,
        ],
    },
    absent: Absent {
        rate: 0.00030351525853981567,
        median_mm: 9.205065030806475,
    },
};
