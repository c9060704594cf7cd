"""Makes hf-trainer-run: a small Llama trained on real text by the Hugging Face Trainer, five checkpoints.

    python make_hf_trainer_run.py            writes hf-trainer-run beside this script

The text is the source of Python's own standard library, so that nothing has to be fetched; the tokenizer is a
byte-level BPE trained on it. Everything the Trainer writes is kept. Versions: requirements.txt. Another machine or
Python gives a run with other last bits, of the same shape.
"""
import os
import shutil
import sysconfig

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, Trainer, TrainingArguments

NAME = "hf-trainer-run"
STEPS, EVERY, LENGTH = 1000, 200, 128
MODULES = ("argparse", "ast", "difflib", "inspect", "locale", "pickle", "shutil", "statistics", "subprocess",
           "tarfile", "textwrap", "tokenize", "typing", "zipfile")


def text():
    """Source text of the standard library."""
    root, parts = sysconfig.get_paths()["stdlib"], []
    for name in MODULES:
        path = os.path.join(root, name + ".py")
        if not os.path.exists(path):                     # a package in newer versions of Python
            path = os.path.join(root, name, "__init__.py")
        with open(path, encoding="utf-8") as file:
            parts.append(file.read())
    return "\n".join(parts)


def tokenizer():
    """A byte-level BPE of 384 tokens, trained on the text."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    bpe.train_from_iterator([text()], trainers.BpeTrainer(
        vocab_size=384, special_tokens=["<s>", "</s>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return PreTrainedTokenizerFast(tokenizer_object=bpe, bos_token="<s>", eos_token="</s>", pad_token="</s>")


def dataset(tokens):
    """Rows of LENGTH tokens; `tokens` is a tokenizer."""
    ids = torch.tensor(tokens.backend_tokenizer.encode(text()).ids)
    return [{"input_ids": row, "labels": row} for row in ids[:len(ids) // LENGTH * LENGTH].view(-1, LENGTH)]


def model():
    """A Llama of 111,000 parameters with grouped-query attention and an untied head."""
    torch.manual_seed(17)
    return LlamaForCausalLM(LlamaConfig(
        vocab_size=384, hidden_size=48, intermediate_size=128, num_hidden_layers=3, num_attention_heads=3,
        num_key_value_heads=1, max_position_embeddings=LENGTH, bos_token_id=0, eos_token_id=1,
        tie_word_embeddings=False))


def arguments(output, **changes):
    """The run's training arguments."""
    return TrainingArguments(**{**dict(
        output_dir=output, max_steps=STEPS, save_strategy="steps", save_steps=EVERY, logging_steps=50,
        per_device_train_batch_size=16, learning_rate=3e-3, lr_scheduler_type="cosine", warmup_steps=50,
        weight_decay=0.1, adam_beta2=0.95, seed=23, data_seed=23, use_cpu=True, report_to=[], disable_tqdm=True,
        dataloader_num_workers=0, dataloader_pin_memory=False), **changes})


def main():
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    os.chdir(os.path.dirname(os.path.abspath(__file__)))  # only relative paths end up in the files
    shutil.rmtree(NAME, ignore_errors=True)
    tokens = tokenizer()
    trainer = Trainer(model=model(), args=arguments(NAME), train_dataset=dataset(tokens), processing_class=tokens)
    trainer.train()
    files = [os.path.join(d, f) for d, _, fs in os.walk(NAME) for f in fs]
    print(f"{NAME}: {len(files)} files, {sum(map(os.path.getsize, files))} bytes, "
          f"{sum(p.numel() for p in trainer.model.parameters())} parameters")


if __name__ == "__main__":
    main()
