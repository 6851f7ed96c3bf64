// Times llama.cpp on text: text MODEL PROMPT NEW THREADS prints one JSON object.
//
// The prompt is PROMPT tokens without meaning, the same that `oncotwin bench llm` takes; writing begins from an
// empty context with one token and takes the likeliest each time. Both are done once before, unmeasured.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "llama.h"

using Clock = std::chrono::steady_clock;

static double since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

static llama_token likeliest(llama_context *context, int rows) {
    const float *logits = llama_get_logits_ith(context, -1);
    int best = 0;
    for (int row = 1; row < rows; row++) {
        if (logits[row] > logits[best]) best = row;
    }
    return best;
}

int main(int count, char **words) {
    if (count != 5) return 2;
    const int prompt = atoi(words[2]), fresh = atoi(words[3]), threads = atoi(words[4]);
    llama_backend_init();
    llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
    llama_model_params how = llama_model_default_params();
    how.n_gpu_layers = 0;
    llama_model *model = llama_model_load_from_file(words[1], how);
    if (!model) return 1;
    const int rows = llama_vocab_n_tokens(llama_model_get_vocab(model));
    llama_context_params where = llama_context_default_params();
    where.n_ctx = 4096;
    where.n_batch = 2048;
    where.n_ubatch = 512;
    where.n_threads = where.n_threads_batch = threads;
    llama_context *context = llama_init_from_model(model, where);
    if (!context) return 1;
    std::vector<llama_token> tokens(prompt);
    for (int n = 0; n < prompt; n++) tokens[n] = (n * 7919LL + 13) % 200000;
    double read = 0, wrote = 0;
    for (int round = 0; round < 2; round++) {
        llama_memory_clear(llama_get_memory(context), true);
        auto start = Clock::now();
        if (llama_decode(context, llama_batch_get_one(tokens.data(), prompt))) return 1;
        llama_synchronize(context);
        read = since(start);
        llama_memory_clear(llama_get_memory(context), true);
        llama_token token = 2;
        start = Clock::now();
        for (int n = 0; n < fresh; n++) {
            if (llama_decode(context, llama_batch_get_one(&token, 1))) return 1;
            token = likeliest(context, rows);
        }
        wrote = since(start);
    }
    rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("{\"read_s\": %.6f, \"wrote_s\": %.6f, \"peak_mib\": %.1f}\n", read, wrote, used.ru_maxrss / 1024.0);
    return 0;
}
