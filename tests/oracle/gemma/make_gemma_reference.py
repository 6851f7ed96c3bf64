#!/usr/bin/env python3
"""Teacher-forced reference log-probabilities of a Gemma 3 GGUF, from transformers in float32.

    make_gemma_reference.py MODEL.gguf tokenizer.json TEXT.txt OUT.safetensors
        [--peer NAME LOGITS.f32]...  [--report REPORT.json] [--ids-out IDS.txt] [--top 64] [--tail 16] [--threads 2]

The GGUF is dequantised by transformers and run once over the whole text (bos first, no cache), so the reference
sees the same weights as an engine that reads the GGUF and no other rounding than float32's.  The text is longer
than the model's sliding window on purpose.

OUT.safetensors (n = tokens of the text including bos, k = --top):
    ids           u32 [n]     token ids; row i of the other arrays is the prediction made AFTER token i (of token i+1)
    top_ids       u32 [n, k]  the k most probable next tokens, most probable first (column 0 = the top-1)
    top_logprob   f32 [n, k]  their natural-log probabilities over the full vocabulary
    rest_logprob  f32 [n]     log of the probability of all other tokens together (the tail)
    tail_ids      u32 [n, t]  t tokens drawn (seeded, with replacement) from the tail, in proportion to their probability
    tail_logprob  f32 [n, t]  their log-probabilities over the full vocabulary
    next_logprob  f32 [n-1]   log-probability of the token that really follows (cross entropy = -mean)
    entropy       f32 [n]     entropy of the full distribution, in nats
    NAME_top1     u32 [n]     top-1 of a peer engine on the same ids (one per --peer)
and string metadata: sha256 of the three inputs, versions, definition of the divergence.

Divergence from an engine's log-softmax q over the full vocabulary, in nats, with p the reference,
P = exp(rest_logprob[i]), Q = 1 - sum_j exp(q[top_ids[i,j]]) and x_j = q[tail_ids[i,j]] - tail_logprob[i,j]:
    top    = sum_j exp(top_logprob[i,j]) * (top_logprob[i,j] - q[top_ids[i,j]])
    kl     = top + (P - Q) + P * mean_j(exp(x_j) - 1 - x_j)
    merged = top + P * log(P / Q)
`kl` is an unbiased estimate of the full Kullback-Leibler divergence whose tail term is never negative and has little
noise (it is second order in x); `merged` puts the tail into one bucket and is a lower bound.  Both miss nothing in the
top k.  --peer compares them with the exact value on real logits.

A peer's LOGITS.f32 is raw little-endian float32 [n, vocab], as lc_eval writes it (any additive constant per row).
"""
import argparse
import hashlib
import json
import os

import numpy as np
import tokenizers
import torch
import transformers
from safetensors.numpy import save_file


def sha256(path):
    h = hashlib.sha256()
    with open(path, "rb") as f:
        while block := f.read(1 << 20):
            h.update(block)
    return h.hexdigest()


def text_ids(tokenizer_json, text):
    """ids of the text with exactly one bos in front"""
    tok = tokenizers.Tokenizer.from_file(tokenizer_json)
    ids = tok.encode(text, add_special_tokens=False).ids
    return [tok.token_to_id("<bos>")] + ids


def load_model(gguf):
    model = transformers.AutoModelForCausalLM.from_pretrained(
        os.path.dirname(os.path.abspath(gguf)), gguf_file=os.path.basename(gguf), dtype=torch.float32,
        attn_implementation="eager").eval()
    assert getattr(model.config, "final_logit_softcapping", None) is None, "soft-capped logits are not handled"
    return model


def sample_tail(logp, top, t, rng):
    """t columns per row, drawn from the row's distribution without its top columns"""
    out = np.zeros((len(logp), t), np.int64)
    for i, row in enumerate(logp):
        p = np.exp(row)
        p[top[i]] = 0.0
        cum = np.cumsum(p)
        out[i] = np.searchsorted(cum, rng.random(t) * cum[-1], side="right")
    return out


def estimate_kl(logp, top, rest, tail, logq):
    """(sampled, merged) divergence of the rows of logp from logq, as the module text defines them"""
    def at(x, columns):
        return np.take_along_axis(x, columns, 1)
    p, q = at(logp, top), at(logq, top)
    head = (np.exp(p) * (p - q)).sum(1)
    big_p, big_q = np.exp(rest), np.maximum(1.0 - np.exp(q).sum(1), 1e-12)
    x = at(logq, tail) - at(logp, tail)
    return head + (big_p - big_q) + big_p * (np.expm1(x) - x).mean(1), head + big_p * np.log(big_p / big_q)


def summary(x):
    return {"mean": float(np.mean(x)), "median": float(np.median(x)), "p99": float(np.quantile(x, 0.99)),
            "max": float(np.max(x))}


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("gguf")
    ap.add_argument("tokenizer")
    ap.add_argument("text")
    ap.add_argument("out")
    ap.add_argument("--peer", nargs=2, action="append", default=[], metavar=("NAME", "LOGITS"))
    ap.add_argument("--report", help="write the comparison with the peers here (JSON)")
    ap.add_argument("--ids-out", help="also write the ids as decimal text, for lc_eval")
    ap.add_argument("--top", type=int, default=64)
    ap.add_argument("--tail", type=int, default=16)
    ap.add_argument("--seed", type=int, default=1, help="of the tail sample")
    ap.add_argument("--threads", type=int, default=2)
    args = ap.parse_args()
    torch.set_num_threads(args.threads)

    with open(args.text, encoding="utf-8", newline="") as f:
        ids = text_ids(args.tokenizer, f.read())
    n, k, t = len(ids), args.top, args.tail
    rng = np.random.default_rng(args.seed)
    if args.ids_out:
        with open(args.ids_out, "w") as f:
            f.write(" ".join(map(str, ids)) + "\n")
    print(f"{n} tokens", flush=True)

    model = load_model(args.gguf)
    with torch.no_grad():
        hidden = model.model(input_ids=torch.tensor([ids]), use_cache=False).last_hidden_state[0]
    head = model.lm_head.weight
    vocab = head.shape[0]
    peers = {name: np.memmap(path, np.float32, "r", shape=(n, vocab)) for name, path in args.peer}

    out = {"ids": np.array(ids, np.uint32), "top_ids": np.zeros((n, k), np.uint32),
           "top_logprob": np.zeros((n, k), np.float32), "rest_logprob": np.zeros(n, np.float32),
           "tail_ids": np.zeros((n, t), np.uint32), "tail_logprob": np.zeros((n, t), np.float32),
           "next_logprob": np.zeros(n - 1, np.float32), "entropy": np.zeros(n, np.float32)}
    cols = {name: {"full": [], "sampled": [], "merged": [], "next": [], "top1": []} for name in peers}
    step = 32
    for a in range(0, n, step):
        b = min(a + step, n)
        with torch.no_grad():
            logits = (hidden[a:b] @ head.T).double()
            logp_t = torch.log_softmax(logits, -1)
            top_t = torch.topk(logp_t, k, -1).indices
        logp, top = logp_t.numpy(), top_t.numpy()
        ptop = np.take_along_axis(logp, top, 1)
        out["top_ids"][a:b], out["top_logprob"][a:b] = top, ptop
        # the rest is summed over its own members: 1 - sum(top) would lose it to cancellation
        masked = logp.copy()
        np.put_along_axis(masked, top, -np.inf, 1)
        rest = torch.logsumexp(torch.from_numpy(masked), -1).numpy()
        tail = sample_tail(logp, top, t, rng)
        out["rest_logprob"][a:b] = rest
        out["tail_ids"][a:b], out["tail_logprob"][a:b] = tail, np.take_along_axis(logp, tail, 1)
        out["entropy"][a:b] = -(np.exp(logp) * logp).sum(1)
        for i in range(a, min(b, n - 1)):
            out["next_logprob"][i] = logp[i - a, ids[i + 1]]
        for name, m in peers.items():
            logq = torch.log_softmax(torch.from_numpy(np.array(m[a:b])).double(), -1).numpy()
            c = cols[name]
            c["full"].append((np.exp(logp) * (logp - logq)).sum(1))
            sampled, merged = estimate_kl(logp, top, rest, tail, logq)
            c["sampled"].append(sampled)
            c["merged"].append(merged)
            c["top1"].append(logq.argmax(1))
            c["next"] += [logq[i - a, ids[i + 1]] for i in range(a, min(b, n - 1))]

    report = {"tokens": n, "cross_entropy": float(-out["next_logprob"].mean()), "entropy": float(out["entropy"].mean()),
              "rest_probability": summary(np.exp(out["rest_logprob"])),
              "top1_margin_below_0.1": float(np.mean(out["top_logprob"][:, 0] - out["top_logprob"][:, 1] < 0.1)),
              "peers": {}}
    window = int(model.config.sliding_window)
    for name, c in cols.items():
        full, sampled, merged, top1 = (np.concatenate(c[x]) for x in ("full", "sampled", "merged", "top1"))
        out[f"{name}_top1"] = top1.astype(np.uint32)
        same = top1 == out["top_ids"][:, 0]
        clear = out["top_logprob"][:, 0] - out["top_logprob"][:, 1] >= 0.1
        report["peers"][name] = {
            "kl_full": summary(full), "kl": summary(sampled), "kl_merged": summary(merged),
            "kl_error_per_token_rms": float(np.sqrt(np.mean((sampled - full) ** 2))),
            "kl_full_mean_inside_window": float(full[:window].mean()), "kl_full_mean_beyond": float(full[window:].mean()),
            "top1_agreement": float(same.mean()), "top1_agreement_margin_0.1": float(same[clear].mean()),
            "cross_entropy": float(-np.mean(c["next"]))}
    meta = {"model_sha256": sha256(args.gguf), "tokenizer_sha256": sha256(args.tokenizer),
            "text_sha256": sha256(args.text), "torch": torch.__version__, "transformers": transformers.__version__,
            "sliding_window": str(window), "row": "prediction after token i",
            "kl": "sum_top p(log p - log q) + (P - Q) + P mean_tail(exp(x) - 1 - x), x = log q - log p; "
                  "P, Q = probability outside top_ids; p = this file, q = the engine; nats"}
    save_file(out, args.out, metadata=meta)
    os.chmod(args.out, 0o644)
    report["reference"] = {"bytes": os.path.getsize(args.out), **meta}
    text = json.dumps(report, indent=1)
    print(text)
    if args.report:
        with open(args.report, "w") as f:
            f.write(text + "\n")


if __name__ == "__main__":
    main()
