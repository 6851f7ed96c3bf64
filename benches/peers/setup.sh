#!/bin/sh
# Installs the Python peers of `oncotwin bench load`, `segment`, `view`, `mice` and `sbc` into a scratch environment:
#   benches/peers/setup.sh DIR && oncotwin bench load --peers DIR
set -eu
dir=${1:?usage: setup.sh DIR}
python3 -m venv "$dir"
"$dir/bin/pip" install --quiet \
    'SimpleITK==2.5.*' 'dcm2niix==1.0.*' 'pydicom==3.*' 'numpy' 'scipy==1.*' 'emcee==3.*' \
    'pylibjpeg==2.*' 'pylibjpeg-openjpeg==2.*' 'pyjpegls==1.*'
