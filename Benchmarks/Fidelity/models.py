"""The models, in plain torch."""
import os

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.attention_out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        count, length, width = x.shape
        split = self.attention(self.norm1(x)).view(count, length, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.attention_out(mixed.transpose(1, 2).reshape(count, length, width))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Saved(nn.Module):
    """A model whose checkpoints are a loop's own: the state dict alone, by torch.save.

    It keeps the order of the model. safetensors would sort it, and a model that no tool knows could then not be tied to
    its optimizer before a second checkpoint shows what moved how.
    """

    def save(self, folder):
        torch.save({name: value.detach().clone() for name, value in self.state_dict().items()},
                   os.path.join(folder, "pytorch_model.bin"))

    def load(self, folder):
        self.load_state_dict(torch.load(os.path.join(folder, "pytorch_model.bin"), weights_only=True))


class GPT(Saved):
    """A decoder-only transformer over bytes, with learned positions."""

    def __init__(self, width, layers, length):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(256, width), nn.Embedding(length, width)
        self.layers = nn.ModuleList(Block(width, width // 32) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 256, bias=False)
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                nn.init.normal_(parameter, std=0.02 if "out" not in name and "down" not in name else 0.02 / layers**0.5)

    def forward(self, x):
        x = self.tokens(x) + self.positions(torch.arange(x.shape[1]))
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x))


class ConvNet(Saved):
    """Four convolutions with batch normalisation, two linear layers."""

    def __init__(self, width):
        super().__init__()
        sizes = [1, width, 2 * width, 4 * width, 4 * width]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in zip(sizes, sizes[1:]))
        self.norms = nn.ModuleList(nn.BatchNorm2d(size) for size in sizes[1:])
        self.hidden, self.head = nn.Linear(16 * width, 4 * width), nn.Linear(4 * width, 10)

    def forward(self, x):
        for i, (convolution, norm) in enumerate(zip(self.convolutions, self.norms)):
            x = F.relu(norm(convolution(x)))
            if i < 3:
                x = F.max_pool2d(x, 2)
        return self.head(F.relu(self.hidden(x.flatten(1))))
