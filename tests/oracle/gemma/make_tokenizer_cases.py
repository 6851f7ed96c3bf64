#!/usr/bin/env python3
"""Tokeniser test cases for Gemma 3: strings and their ids from the Hugging Face `tokenizers` library.

    make_tokenizer_cases.py tokenizer.json OUT.json [--seed 7] [--lc-eval BIN MODEL.gguf]

OUT.json: {"tokenizer_sha256", "tokenizers", "seed", "cases": [[string, [ids without bos]], ...],
           "llamacpp_differs": [indices of cases where llama.cpp's tokeniser gives other ids]}
The last list needs --lc-eval (the `tokens` mode of lc_eval, an independent judge; special tokens parsed).
Everything is generated from the seed; the strings are this project's own.
"""
import argparse
import hashlib
import json
import random
import struct
import subprocess
import tempfile

import tokenizers

WORDS = ("tumour tumor lesion nodule the and of a measures measured mm liver lung brain left right upper lower lobe "
         "segment VI IVa stable response progressive disease partial complete RECIST baseline follow-up enhancing "
         "necrotic oedema glioblastoma adenocarcinoma hepatocellular cholangiocarcinoma immunohistochemistry "
         "pneumonoultramicroscopicsilicovolcanoconiosis pembrolizumab carboplatin bevacizumab CT MRI PET SUVmax ADC "
         "T1 T2 FLAIR DWI contrast without with no evidence new increased decreased unchanged patient year-old "
         "history findings impression recommendation within between approximately is was has been").split()
UNITS = ["mm", "cm", "mm²", "mm³", "cm³", "mL", "µg/L", "μg/L", "mg/m²", "Gy", "mGy·cm", "HU", "°C", "%", "‰", "mmHg",
         "kg/m²", "×10⁹/L", "10⁻³ mm²/s", "ng/mL", "kBq/mL", "Å", "Ω", "½", "ms", "s/mm²"]
ACCENTS = ("naïve café résumé Müller Lefèvre Nuñez Ångström œdème Bürgermeister straße Łódź Żółć Škoda Çelik Ødegård "
           "þorn ðag İstanbul ığdır Ērika nő ő ű Đặng Nguyễn tiếng Việt coöperate fiancée jalapeño São Tomé").split()
GREEK = "α β γ δ ε μ σ Σ ς Ω αβγ α-fetoprotein β2-microglobulin Δt ΔHU λ₁ χ² π≈3.14159 θ φ ψ ἀρχή καρκίνος όγκος".split()
CJK = ["肿瘤大小为23毫米", "肝臓の腫瘍", "腫瘍は縮小した。", "종양의 크기는 23 mm입니다", "部分緩解", "CT検査", "ひらがなカタカナ", "ｶﾀｶﾅ", "１２３", "，。！？",
       "中文English混合text", "𠮷野家", "龘", "한글", "ㅎㅏㄴ", "한"]
RTL = ["ورم في الكبد", "الورم ٢٣ مم", "גידול בכבד 23 מ\"מ", "שלום עולם", "\u200fabc\u200e", "یک تومور", "اَلْوَرَمُ", "א‎ב"]
OTHER = ["опухоль печени 23 мм", "Опухоль", "ขนาดของก้อนเนื้อ", "यकृत में गाँठ", "কোষ", "கட்டி", "სიმსივნე", "ուռուցք", "ዕጢ", "ᏣᎳᎩ", "ᚠᚢᚦ",
         "𓀀𓂀", "𝔤𝔬𝔱𝔥𝔦𝔠", "ⅣⅥ", "①②", "ﬁ ﬂ", "™®©", "€£¥₿", "→ ⇒ ↔ ≤ ≥ ≠ ≈ ∞ ∑ ∫ √", "█▓▒░", "♠♥", "“quotes” ‘x’ «y» „z“", "…", "– — ‑ −"]
EMOJI = ["🙂", "👩‍⚕️", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪🇫🇷", "👍🏽", "🧠", "🫁", "❤️", "❤", "1️⃣", "🧑🏿‍🔬", "☢️", "⚕", "🩻", "🫀🫁🧠", "😀😃😄", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"]
CONTROL = ["\x00", "\x01\x02", "\x07", "\x08", "\x0b", "\x0c", "\x1b[31mred\x1b[0m", "\x7f", "\x80", "\x85", "\xa0", "\u2028", "\u2029", "\u200b",
           "\u200d", "\ufeff", "\ufeffabc", "\u00ad", "\u2060", "a\x00b", "\r", "\r\n", "\n\r", "a\r\nb\r\n\r\nc", "\u3000", "\u2003", "\u202f", "\ufffd",
           "\ue000", "\uf8ff", "\U000f0000", "\U0010ffff", "\ufffe", "\U0001f9ff\U0001fae8", "\ud7a3", "\uffff"]
COMBINING = ["e\u0301", "é", "a\u0308\u0304", "n\u0303", "Z\u0351\u036b\u0343a\u0300\u0301l\u0327g\u0328o\u0321", "q\u0307\u0323", "\u0301", " \u0301x",
             "A\u030a", "Å", "ﷺ", "ก็", "क्षि", "ﬃ", "ẛ̣", "각", "각", "\u0345\u0345"]
SPECIALS = ["<bos>", "<eos>", "<pad>", "<unk>", "<mask>", "<start_of_turn>", "<end_of_turn>", "<start_of_image>", "<end_of_image>", "<image_soft_token>",
            "[multimodal]", "<unused0>", "<unused1>", "<unused42>", "<unused98>", "<unused99>", "<unused100>", "<unused1000>", "<unused6241>", "<unused6242>",
            "<0x00>", "<0x0A>", "<0x41>", "<0xFF>", "<0xff>", "<s>", "</s>", "[INST]", "[@BOS@]", "<2mass>", "<table>", "<caption>", "<thead>", "<tbody>",
            "<tfoot>", "<tr>", "<th>", "<td>", "</table>", "</tr>", "</td>", "<h1>", "<h6>", "<blockquote>", "</h1>", "<strong>", "<em>", "<b>", "<i>", "<u>",
            "<s>", "<sub>", "<sup>", "<code>", "</strong>", "</em>", "</b>", "</i>", "</u>", "</sub>", "</sup>", "</code>", "<br>", "<div>", "<a>", "<html>", "<body>", "<img>", "<span>", "<bbox>", "<ul>", "<li>", "<iframe>", "<footer>", "</div>", "</span>", "</li>", "</html>", "<a href=\"x\">",
            "<TABLE>", "<start_of_turn", "start_of_turn>", "< start_of_turn>", "<start_of_turn >", "<START_OF_TURN>", "<<bos>>", "<bos", "▁", "▁▁", "▁the"]
CODE = ["def f(x):\n    return x ** 2\n", "for (int i = 0; i < n; ++i) {\n\ta[i] += b[i];\n}\n", "fn main() {\n    println!(\"{}\", 1_000);\n}",
        "{\"a\": [1, 2.5, null], \"b\": {\"c\": \"d\\n\"}}", "SELECT * FROM t WHERE x <> 'y';", "<html>\n  <body class=\"x\">\n    <p>&nbsp;&lt;</p>\n  </body>\n</html>",
        "<table>\n<tr><td>23 mm</td><td>14&nbsp;mm</td></tr>\n</table>", "```python\nprint('hi')\n```", "a->b::c<d>(e)[f]{g};", "#include <stdio.h>\n",
        "C:\\Users\\x\\scan.nii.gz", "/data/scan_001.nii.gz", "https://example.org/a?b=c&d=%20#e", "user@example.org", "\\frac{a}{b} $x^2$", "x\t=\ty;\t// tab",
        "if x:\n\n\n\n        pass", "| a | b |\n|---|---|\n| 1 | 2 |", "* one\n* two\n  * three\n", "1. one\n2. two\n", "-----", "=====", "______", "#### H", "!!!???...",
        "a,b,c;d:e", "\"'`", "$1,234.56", "1e-5", "0x1F", "3.14159265358979", "12:34:56", "2031-02-03", "+49 (0)30 1234-567", "~/.bashrc", "&amp;", "%s %d\\n", "λx.x"]
REPORTS = ["The lesion in segment VI measures {a} mm, previously {b} mm.", "Sum of longest diameters: {a}.{c} mm ({p}%).", "CT chest/abdomen, {c} mm slices, DLP {b}{a} mGy·cm.",
           "{a}-year-old man, PSA {c}.{p} ng/mL.", "ADC 0.{b} × 10⁻³ mm²/s; rCBV {c}.{p}.", "Nodule {a} × {b} × {p} mm³, volume {c}{a}.{p} mL",
           "RECIST 1.1: PR (−{p} %), SD, PD (+{a} %) or CR?", "No FDG-avid lesion; SUVmax {c}.{p}, liver {c}.1.", "IMPRESSION:\n1. Stable disease.\n2. New lesion, {a} mm.\n",
           "Findings:  {a} mm   nodule\n\nImpression:\n\tstable", "ECOG {c}; Karnofsky {a} %; BSA 1.{p} m²", "cT{c} cN1 M0, G3, ER−/PR−/HER2+", "The patient’s tumour “shrank” by {p}–{b} %.",
           "T1w/T2w-FLAIR, b={a}00 s/mm², TE={b} ms", "Dose: {a} Gy in {b} fx (BED₁₀={p}.{c} Gy)", "µ={c}.{p}±0.{b} µm, σ²=0.{a}", "CEA 4.1 → {b}.{p} µg/L (↑)"]


def cases(seed):
    rng = random.Random(seed)
    pick, num = rng.choice, rng.randint
    out = ["", " ", "  ", "   ", "a", " a", "a ", " a ", "\n", "\t", "\n\n", "\t\t", "\n \n", " \n", "\n ", "A", "0", ".", "<", ">"]
    out += [" " * i for i in (4, 5, 8, 15, 16, 17, 30, 31, 32, 33, 64, 100)] + ["\n" * i for i in (3, 4, 7, 16, 30, 31, 32, 33, 64)]
    out += ["\t" * i for i in (3, 4, 8, 16, 31, 32)] + ["x" + " " * i + "y" for i in range(1, 36, 3)] + ["x" + "\n" * i + "y" for i in range(1, 36, 3)]
    out += ["\n\t\n", " \t ", "\t \t", "a\tb", "a\n b", "a \nb", "  lead", "trail  ", "\nlead", "trail\n", "a  b   c    d", "\u00a0a\u00a0b"]
    out += [c for c in CONTROL] + COMBINING + EMOJI + CJK + RTL + OTHER + CODE + SPECIALS
    out += WORDS[:60] + [" " + w for w in WORDS[:30]] + [w.upper() for w in WORDS[:20]] + [w.capitalize() for w in WORDS[:20]]
    out += ACCENTS + GREEK + UNITS + [f"{num(0, 999)}{u}" for u in UNITS] + [f"{num(0, 99)}.{num(0, 9)} {u}" for u in UNITS]
    out += [str(num(0, 10 ** k)) for k in range(1, 19)] + [f"-{num(0, 999)},{num(0, 999)}" for _ in range(6)] + ["00012", "1 000 000", "٣٤", "१२३", "²³¹", "½¾"]
    out += ["a" * 50, "ab" * 40, "x" * 300, "é" * 40, "ß" * 33, "肿" * 25, "🙂" * 12, "." * 70, "-" * 129, "=" * 65, "0" * 40, "w" * 1000, "Aa" * 64, "▁" * 20]
    out += ["".join(pick("abcdefghijklmnopqrstuvwxyz") for _ in range(k)) for k in (12, 25, 60, 120, 250)]
    out += ["".join(pick(WORDS) for _ in range(k)) for k in (3, 8, 30)]
    # special tokens inside text, with and without white space around them
    for s in SPECIALS[:20] + SPECIALS[30:36] + ["<start_of_turn>user\n", "<end_of_turn>\n"]:
        out += [f"a{s}b", f"a {s} b", f"{s}{s}", f"\n{s}\n"]
    out += ["<start_of_turn>user\nDescribe the scan.<end_of_turn>\n<start_of_turn>model\n", "<bos><start_of_turn>user\nHi<end_of_turn>\n",
            "\n\n<start_of_image>" + "<image_soft_token>" * 4 + "<end_of_image>\n\n", "text\n\n<start_of_image><image_soft_token><end_of_image>\n\n\nmore",
            "<start_of_turn>model\n\n\nA\n\n<end_of_turn>\n", "<start_of_turn>user\n  spaced  <end_of_turn>"]
    for r in REPORTS:
        for _ in range(12):
            out.append(r.format(a=num(10, 99), b=num(10, 99), c=num(1, 9), p=num(10, 99)))
    pools = [WORDS, WORDS, UNITS, ACCENTS, GREEK, CJK, RTL, OTHER, EMOJI, COMBINING, CODE, [str(i) for i in range(0, 2100, 37)]]
    for _ in range(170):          # sentences over all scripts with random separators
        s = pick(["", " ", "\n"])
        for _ in range(num(2, 14)):
            s += pick(pick(pools)) + pick([" ", " ", " ", "  ", "", "\n", "\n\n", "\t", ", ", ". ", "-", "/", " (", ") ", ": "])
        out.append(s)
    for _ in range(90):           # plain English of random length
        out.append(" ".join(pick(WORDS) for _ in range(num(3, 30))).capitalize() + pick([".", "!", "?", ".\n", ""]))
    for _ in range(90):           # random code points: byte fallback, surprises in segmentation
        lo, hi = pick([(0x20, 0x7f), (0xa0, 0x24f), (0x250, 0x5ff), (0x600, 0x1fff), (0x2000, 0x2fff), (0x3000, 0x9fff), (0xa000, 0xd7ff), (0xe000, 0xffff),
                       (0x10000, 0x1ffff), (0x20000, 0x2ffff), (0xe0000, 0xe01ff)])
        out.append("".join(chr(num(lo, hi)) for _ in range(num(1, 20))))
    for _ in range(40):           # mixed white space
        out.append("".join(pick([" ", "  ", "\n", "\t", "\r", "\u00a0", "a", "7", ".", "é", "▁", "\u2009"]) for _ in range(num(2, 25))))
    seen, unique = set(), []
    for s in out:
        if s not in seen:
            seen.add(s)
            unique.append(s)
    return unique


def judge(lc_eval, model, strings):
    with tempfile.NamedTemporaryFile(suffix=".bin") as f:
        for s in strings:
            b = s.encode()
            f.write(struct.pack("<I", len(b)) + b)
        f.flush()
        lines = subprocess.run([lc_eval, "tokens", model, f.name], check=True, capture_output=True, text=True).stdout.split("\n")
    assert len(lines) == len(strings) + 1
    return [[int(x) for x in line.split()] for line in lines[:-1]]


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("tokenizer")
    ap.add_argument("out")
    ap.add_argument("--seed", type=int, default=7)
    ap.add_argument("--lc-eval", nargs=2, metavar=("BIN", "MODEL"))
    args = ap.parse_args()
    tok = tokenizers.Tokenizer.from_file(args.tokenizer)
    strings = cases(args.seed)
    ids = [tok.encode(s, add_special_tokens=False).ids for s in strings]
    out = {"tokenizer_sha256": hashlib.sha256(open(args.tokenizer, "rb").read()).hexdigest(), "tokenizers": tokenizers.__version__, "seed": args.seed,
           "cases": [[s, i] for s, i in zip(strings, ids)]}
    if args.lc_eval:
        other = judge(*args.lc_eval, strings)
        out["llamacpp_differs"] = [k for k, (a, b) in enumerate(zip(ids, other)) if a != b]
        for k in out["llamacpp_differs"]:
            print(k, json.dumps(strings[k])[:100], "\n   hf ", ids[k][:24], [tok.id_to_token(i) for i in ids[k][:12]],
                  "\n   lc ", other[k][:24], [tok.id_to_token(i) for i in other[k][:12]])
    with open(args.out, "w", encoding="utf-8") as f:
        json.dump(out, f, ensure_ascii=True, separators=(",", ":"))
        f.write("\n")
    print(f"{len(strings)} cases, {sum(map(len, ids))} ids, llama.cpp differs in {len(out.get('llamacpp_differs', []))}")


if __name__ == "__main__":
    main()
