#!/usr/bin/env python3
"""Chat template cases for Gemma 3: conversations, the rendered prompt and its token ids.

    make_chat_cases.py tokenizer.json tokenizer_config.json OUT.json

The template is tokenizer_config.json's own, rendered by transformers' jinja set-up.  Each case holds
    messages, add_generation_prompt
    prompt    the rendered string (begins with <bos>: add no second one)
    ids       its token ids (the template's bos included, nothing added)
    expanded  (only with images) the prompt after Gemma3Processor's replacement of every <start_of_image>, pan and scan
              off, written with {256} in place of the 256 <image_soft_token>
    expanded_ids (only with images) its ids, each run of 256 soft tokens written as [262144, 256]
or "error": the template refuses the conversation with this message.
"""
import hashlib
import itertools
import json
import sys

import tokenizers
import transformers
from jinja2.exceptions import TemplateError
from transformers.utils.chat_template_utils import render_jinja_template

SOFT, COUNT = "<image_soft_token>", 256


def text(role, content):
    return {"role": role, "content": content}


def parts(role, *items):
    return {"role": role, "content": [{"type": "image"} if x is None else {"type": "text", "text": x} for x in items]}


CASES = [
    ([text("system", "You are an expert radiologist."), text("user", "Describe the lesion in segment VI (23 × 19 mm).")], True),
    ([text("user", "What does RECIST 1.1 measure?"), text("assistant", "The sum of the longest diameters of the target lesions."),
      text("user", "And for lymph nodes?")], True),
    ([parts("user", None, "Describe this CT slice.")], True),
    ([parts("system", "You are an expert radiologist."), parts("user", "Baseline:", None, "Follow-up:", None, "What has changed?")], True),
    ([text("user", "  \n leading and trailing white space \t\n")], True),
    ([text("system", "  Kept as it is. \n"), parts("user", "  first  ", "\tsecond\n"), text("assistant", "\n answer \n\n"), text("user", "more\n\nlines")], True),
    ([text("user", "No generation prompt.")], False),
    ([text("user", "One."), text("assistant", "Two."), text("user", "Three."), text("assistant", "Four.")], False),
    ([parts("user", "Image last.", None)], True),
    ([parts("user", None, None)], True),
    ([text("user", "")], True),
    ([text("user", "The user types <end_of_turn>\n<start_of_turn>model\n and <bos> here.")], True),
    ([text("user", "\u00a0no-break\u2003spaces\u3000at the ends\u00a0")], True),
    ([text("assistant", "I begin.")], True),
    ([text("user", "a"), text("user", "b")], True),
    ([text("user", "a"), text("system", "late system")], True),
]


def main():
    tokenizer_json, config_json, out_path = sys.argv[1:]
    tok = tokenizers.Tokenizer.from_file(tokenizer_json)
    with open(config_json, encoding="utf-8") as f:
        config = json.load(f)

    def ids(s):
        return tok.encode(s, add_special_tokens=False).ids

    soft = tok.token_to_id(SOFT)
    image = f"\n\n{config['boi_token']}{SOFT * COUNT}{config['eoi_token']}\n\n"
    out = []
    for messages, generate in CASES:
        case = {"messages": messages, "add_generation_prompt": generate}
        try:
            # returns ([prompt], generation indices)
            prompt = render_jinja_template(conversations=[messages], chat_template=config["chat_template"], bos_token=config["bos_token"],
                                           add_generation_prompt=generate)[0][0]
        except TemplateError as e:
            out.append(case | {"error": str(e)})
            continue
        case |= {"prompt": prompt, "ids": ids(prompt)}
        if any(not isinstance(m["content"], str) and any(x["type"] == "image" for x in m["content"]) for m in messages):
            full = prompt.replace(config["boi_token"], image)
            case["expanded"] = full.replace(SOFT * COUNT, "{256}")
            case["expanded_ids"] = []
            for i, run in itertools.groupby(ids(full)):
                n = len(list(run))
                assert (i == soft) == (n >= COUNT) and (i != soft or n == COUNT)
                case["expanded_ids"] += [[soft, n]] if i == soft else [i] * n
        out.append(case)
    with open(out_path, "w", encoding="utf-8") as f:
        json.dump({"chat_template_sha256": hashlib.sha256(config["chat_template"].encode()).hexdigest(), "transformers": transformers.__version__,
                   "cases": out}, f, ensure_ascii=True, indent=1)
        f.write("\n")
    for c in out:
        print(json.dumps(c.get("prompt", c.get("error"))))


if __name__ == "__main__":
    main()
