#!/bin/sh
# Builds llama.cpp and the two programs that time it for `oncotwin bench llm`:
#   benches/peers/llama/setup.sh DIR && oncotwin bench llm --peers DIR --model MODEL.gguf
# Sources come from the source package of llama-cpp-python. Needs a C++ compiler, cmake and python3.
set -eu
dir=${1:?usage: setup.sh DIR}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$dir"
cd "$dir"
python3 -m venv env
env/bin/pip install --quiet ninja
env/bin/pip download --quiet --no-deps --no-binary llama-cpp-python llama-cpp-python==0.3.36
tar xzf llama_cpp_python-0.3.36.tar.gz
src=llama_cpp_python-0.3.36/vendor/llama.cpp
# gcc 12 drops the stores to the tile configuration, and the first product ends the program.
amx=$src/ggml/src/ggml-cpu/amx/mmq.cpp
grep -q '__asm__ volatile("" : : "r"(&tc)' "$amx" ||
    sed -i 's|^\( *\)_tile_loadconfig(&tc);|\1__asm__ volatile("" : : "r"(\&tc) : "memory");\n\1_tile_loadconfig(\&tc);|' "$amx"
cmake -S "$src" -B build -G Ninja -DCMAKE_MAKE_PROGRAM="$PWD/env/bin/ninja" -DCMAKE_BUILD_TYPE=Release \
    -DGGML_NATIVE=ON -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_SERVER=OFF \
    -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_COMMON=OFF -DLLAMA_BUILD_MTMD=ON -DMTMD_VIDEO=OFF -DBUILD_SHARED_LIBS=OFF >/dev/null
env/bin/ninja -C build llama mtmd
for program in text vision; do
    g++ -O2 -std=c++17 -o "$program" "$here/$program.cpp" \
        -I"$src/include" -I"$src/ggml/include" -I"$src/tools/mtmd" \
        -Wl,--start-group $(find build -name '*.a') -Wl,--end-group -lpthread -ldl -lm -fopenmp
done
