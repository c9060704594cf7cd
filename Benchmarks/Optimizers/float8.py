"""Matrices that are kept in float8 (e4m3), with AdamW's moments in float32."""
import torch

from models import GPT

SCALE = 16.0                                             # a matrix is its float8 values over this
TYPE = torch.float8_e4m3fn


def nearest(values):
    return (values * SCALE).to(TYPE)


def stochastic(values):
    """Rounded to one of the two neighbours, so that the mean is the value: small changes are not lost for good."""
    exact = values * SCALE
    near = exact.to(TYPE).float()
    step = torch.exp2(exact.abs().clamp_min(2.0**-6).log2().floor() - 3)
    other = near + torch.where(exact > near, step, -step)
    chance = (exact - near).abs() / step
    return torch.where(torch.rand_like(exact) < chance, other, near).to(TYPE)


class Float8GPT(GPT):
    """A GPT whose checkpoints have its matrices in float8, and the rest in float32."""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.round_(nearest)

    @torch.no_grad()
    def round_(self, rounding):
        for parameter in self.parameters():
            if parameter.ndim == 2:
                parameter.copy_(rounding(parameter).float() / SCALE)

    def state_dict(self, *arguments, **options):
        return {name: nearest(value) if value.ndim == 2 else value
                for name, value in super().state_dict(*arguments, **options).items()}

    def load_state_dict(self, state, *arguments, **options):
        whole = {name: value.float() / SCALE if value.dtype == TYPE else value for name, value in state.items()}
        return super().load_state_dict(whole, *arguments, **options)


class Rounded(torch.optim.AdamW):
    """AdamW whose matrices are rounded to float8 after every step, stochastically: there is no other copy of them."""

    @torch.no_grad()
    def step(self, closure=None):
        loss = super().step(closure)
        for group in self.param_groups:
            for p in group["params"]:
                if p.ndim == 2:
                    p.copy_(stochastic(p).float() / SCALE)
        return loss


class Mastered(torch.optim.AdamW):
    """AdamW that updates a float32 master of each matrix, kept in its state, and rounds the matrix from it."""

    @torch.no_grad()
    def step(self, closure=None):
        matrices = [p for group in self.param_groups for p in group["params"] if p.ndim == 2]
        for p in matrices:
            if "master_param" in self.state[p]:
                p.copy_(self.state[p]["master_param"])
        loss = super().step(closure)
        for p in matrices:
            self.state[p]["master_param"] = p.clone()
            p.copy_(nearest(p).float() / SCALE)
        return loss
