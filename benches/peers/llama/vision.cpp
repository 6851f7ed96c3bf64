// Times llama.cpp's part for images: vision MMPROJ MODEL THREADS prints one JSON object.
//
// One picture of 896 × 896 from whole numbers, the same that `oncotwin bench llm` takes, from pixels to soft tokens.
// The text model is opened for its vocabulary and width.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "llama.h"
#include "mtmd.h"

int main(int count, char **words) {
    if (count != 4) return 2;
    const int side = 896;
    llama_backend_init();
    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    mtmd_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    llama_model_params how = llama_model_default_params();
    how.n_gpu_layers = 0;
    llama_model *model = llama_model_load_from_file(words[2], how);
    if (!model) return 1;
    mtmd_context_params where = mtmd_context_params_default();
    where.use_gpu = false;
    where.print_timings = false;
    where.warmup = false;
    where.n_threads = atoi(words[3]);
    where.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;
    mtmd_context *context = mtmd_init_from_file(words[1], model, where);
    if (!context) return 1;
    std::vector<unsigned char> pixels(static_cast<size_t>(side) * side * 3);
    for (int y = 0; y < side; y++) {
        for (int x = 0; x < side; x++) {
            unsigned char *pixel = &pixels[(static_cast<size_t>(y) * side + x) * 3];
            pixel[0] = x * 255 / (side - 1);
            pixel[1] = y * 255 / (side - 1);
            pixel[2] = (x * y / 64) % 256;
        }
    }
    mtmd_bitmap *picture = mtmd_bitmap_init(side, side, pixels.data());
    const mtmd_bitmap *pictures[] = {picture};
    const char *marker = mtmd_default_marker();
    mtmd_input_text text{marker, strlen(marker), false, true};
    mtmd_input_chunks *chunks = mtmd_input_chunks_init();
    if (mtmd_tokenize(context, chunks, &text, pictures, 1)) return 1;
    double seconds = 0, squares = 0;
    size_t values = 0;
    for (size_t n = 0; n < mtmd_input_chunks_size(chunks); n++) {
        const mtmd_input_chunk *chunk = mtmd_input_chunks_get(chunks, n);
        if (mtmd_input_chunk_get_type(chunk) != MTMD_INPUT_CHUNK_TYPE_IMAGE) continue;
        const auto start = std::chrono::steady_clock::now();
        if (mtmd_encode_chunk(context, chunk)) return 1;
        seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        values = mtmd_input_chunk_get_n_tokens(chunk) * llama_model_n_embd_inp(model);
        const float *soft = mtmd_get_output_embd(context);
        for (size_t v = 0; v < values; v++) squares += double(soft[v]) * soft[v];
    }
    printf("{\"see_s\": %.6f, \"rms\": %.6f}\n", seconds, std::sqrt(squares / values));
    return 0;
}
