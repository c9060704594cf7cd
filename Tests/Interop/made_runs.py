"""Runs made on the spot, for what no fixture has: bfloat16 weights beside their float32 masters, amsgrad's maxima, a
batch of matrices, sides long enough for tracked bases, rows whose gradients stop; large matrices, whose bases are
not refreshed in every step; wide ones, whose bases follow a rule of their own; weights that stand still in places, or
begin anew; and tensors that reach every mode of lossless groups."""
import os

import torch

SHAPES = {"embedding.weight": (300, 48), "out.weight": (48, 300), "square.weight": (64, 48), "norm.weight": (48,),
          "experts.weight": (3, 16, 20)}
STEPS = (10, 20, 30, 40)


def make_masters(folder):
    os.makedirs(folder)
    generator = torch.Generator().manual_seed(1)

    def normal(shape):
        return torch.randn(shape, generator=generator)

    weights = {name: normal(shape) * 0.1 for name, shape in SHAPES.items()}
    first, second, maximum = ({name: torch.zeros(shape) for name, shape in SHAPES.items()} for _ in range(3))
    for step in range(1, STEPS[-1] + 1):
        for name, shape in SHAPES.items():
            rows = normal((shape[0],) + (1,) * (len(shape) - 1))
            gradient = rows * 0.02 + normal(shape) * 0.01 + weights[name] * 0.02
            if name == "embedding.weight" and step > 20:
                gradient[250:] = 0
            first[name].lerp_(gradient, 0.1)
            second[name].lerp_(gradient * gradient, 0.05)
            torch.maximum(maximum[name], second[name], out=maximum[name])
            mean, square = first[name] / (1 - 0.9**step), maximum[name] / (1 - 0.95**step)
            weights[name] -= 1e-3 * mean / (square.sqrt() + 1e-8)
        if step in STEPS:
            torch.save(checkpoint(step, weights, first, second, maximum), os.path.join(folder, f"ckpt_{step}.pt"))
    return folder


def checkpoint(step, weights, first, second, maximum):
    state = {index: {"step": torch.tensor(float(step)), "exp_avg": first[name].clone(),
                     "exp_avg_sq": second[name].clone(), "max_exp_avg_sq": maximum[name].clone(),
                     "master_param": weights[name].clone()} for index, name in enumerate(SHAPES)}
    group = {"lr": 1e-3, "betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": 0.0, "amsgrad": True,
             "params": list(range(len(SHAPES)))}
    return {"step": step, "model": {name: weights[name].bfloat16() for name in SHAPES},
            "optimizer": {"state": state, "param_groups": [group]}}


def make_copies(folder):
    """Weights under second names, and in other types beside the model; nothing but momentum tells that they are trained."""
    os.makedirs(folder)
    generator = torch.Generator().manual_seed(3)
    shapes = {"embedding.weight": (60, 24), "layer.weight": (24, 40), "wide.weight": (30, 20)}
    weights = {name: torch.randn(shape, generator=generator, dtype=torch.float64) * 0.1
               for name, shape in shapes.items()}
    momenta = {name: torch.zeros(shape) for name, shape in shapes.items()}
    for step in range(1, 5):
        for name, shape in shapes.items():
            momenta[name].lerp_(torch.randn(shape, generator=generator), 0.3)
            weights[name] -= momenta[name] * 1e-3
        model = {name: values.clone() if name == "wide.weight" else values.float() for name, values in weights.items()}
        beside = [values.to(dtype) for values in model.values()
                  for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16)]
        state = {index: {"momentum_buffer": momentum.clone()} for index, momentum in enumerate(momenta.values())}
        group = {"lr": 1e-3, "momentum": 0.7, "params": list(range(len(shapes)))}
        torch.save({"step": step, "model": model | {"head.weight": model["embedding.weight"].clone()},
                    "optimizer": {"state": state, "param_groups": [group]}, "beside": beside},
                   os.path.join(folder, f"ckpt_{step}.pt"))
    return folder


def make_large(folder):
    """A million weights, no optimizer."""
    os.makedirs(folder)
    generator = torch.Generator().manual_seed(2)
    weight = torch.randn(1024, 1024, generator=generator) * 0.02
    for step in range(1, 8):
        torch.save({"model": {"large.weight": weight.clone()}}, os.path.join(folder, f"ckpt_{step}.pt"))
        common = torch.randn(1024, 6, generator=generator) @ torch.randn(6, 1024, generator=generator)
        weight += (torch.randn(weight.shape, generator=generator) * 0.3 + common) * 5e-4
    return folder


# Both sides tracked, the shorter one left or right; one tracked beside a full one; a batch; none.
WIDE = {"up.weight": (1040, 300), "down.weight": (576, 1030), "brain.weight": (270, 1026),
        "experts.weight": (2, 1028, 32), "narrow.weight": (64, 100), "norm.weight": (1040,)}


def make_wide(folder):
    os.makedirs(folder)
    generator = torch.Generator().manual_seed(4)

    def normal(*shape):
        return torch.randn(shape, generator=generator)

    weights = {name: normal(*shape) * 0.05 for name, shape in WIDE.items()}
    first, second = ({name: torch.zeros(shape) for name, shape in WIDE.items()} for _ in range(2))
    directions = {name: (normal(*shape[:-1], 5), normal(*shape[:-2], 5, shape[-1])) for name, shape in WIDE.items()
                  if len(shape) > 1}
    for step in range(1, 7):
        for name, shape in WIDE.items():
            gradient = normal(*shape) * 0.5
            if name in directions:
                left, right = directions[name]
                gradient += left @ (right + normal(*right.shape) * 0.3)
            first[name].lerp_(gradient, 0.3)
            second[name].lerp_(gradient * gradient, 0.05)
            mean, square = first[name] / (1 - 0.7**step), second[name] / (1 - 0.95**step)
            weights[name] -= 1e-3 * mean / (square.sqrt() + 1e-8)
        state = {index: {"step": torch.tensor(float(step)), "exp_avg": first[name].clone(),
                         "exp_avg_sq": second[name].clone()} for index, name in enumerate(WIDE)}
        group = {"lr": 1e-3, "betas": (0.7, 0.95), "eps": 1e-8, "weight_decay": 0.0, "params": list(range(len(WIDE)))}
        model = {name: weight.bfloat16() if name == "brain.weight" else weight.clone()
                 for name, weight in weights.items()}
        torch.save({"step": step, "model": model, "optimizer": {"state": state, "param_groups": [group]}},
                   os.path.join(folder, f"ckpt_{step}.pt"))
    return folder


def make_tiles(folder):
    """A matrix of two tiles in bfloat16, no optimizer."""
    os.makedirs(folder)
    generator = torch.Generator().manual_seed(5)
    weight = torch.randn(2100, 2050, generator=generator) * 0.02
    for step in range(1, 5):
        torch.save({"model": {"tiles.weight": weight.bfloat16()}}, os.path.join(folder, f"ckpt_{step}.pt"))
        common = torch.randn(2100, 6, generator=generator) @ torch.randn(6, 2050, generator=generator)
        weight += (torch.randn(weight.shape, generator=generator) * 0.3 + common) * 1e-3
    return folder


# Padding and frozen rows; a mask; rows that stop and go on; nothing of the kind; one that begins anew; a mask again.
PARTLY = {"embedding.weight": (90, 24), "masked.weight": (40, 30), "sometimes.weight": (60, 20), "whole.weight": (30, 20),
          "anew.weight": (24, 32), "norm.weight": (64,)}
PARTLY_DTYPES = {"": torch.float32, "brain.": torch.bfloat16, "half.": torch.float16, "double.": torch.float64}


def make_partly(folder):
    """Weights in all types of which some elements keep their bits from step to step, and some that begin anew."""
    os.makedirs(folder)
    generator = torch.Generator().manual_seed(6)

    def normal(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    shapes = {prefix + name: shape for prefix in PARTLY_DTYPES for name, shape in PARTLY.items()}
    dtypes = {name: PARTLY_DTYPES[name[:name.find(".") + 1] if name.count(".") > 1 else ""] for name in shapes}
    weights = {name: normal(*shape) * 0.1 for name, shape in shapes.items()}
    masks = {name: normal(*shape) > 0.3 if "masked" in name or "norm" in name else torch.ones(shape, dtype=torch.bool)
             for name, shape in shapes.items()}
    for name in shapes:
        if "embedding" in name:
            masks[name][:3] = False                          # padding; the rows below keep what they have
            weights[name][:3] = 0
        weights[name] *= masks[name]
        if "embedding" in name:
            masks[name][70:80] = False
        if "masked" in name:
            weights[name][0, :4] = -0.0
    first, second = ({name: torch.zeros(shape, dtype=torch.float64) for name, shape in shapes.items()} for _ in range(2))
    for step in range(1, 9):
        for name, shape in shapes.items():
            trains = masks[name].clone()
            if "sometimes" in name:
                trains[(10 if step < 6 else 30):40] = step % 4 == 0
            if "anew" in name and step == 5:
                weights[name] = normal(*shape) * 0.1
                first[name].zero_()
                second[name].zero_()
            gradient = (normal(*shape) * 0.01 + normal(shape[0], *[1] * (len(shape) - 1)) * 0.02) * trains
            first[name].lerp_(gradient, 0.2)
            second[name].lerp_(gradient * gradient, 0.05)
            change = 2e-2 * first[name] / (second[name].sqrt() + 1e-8)
            weights[name] = torch.where(trains, weights[name] - change, weights[name])
        state = {index: {"step": torch.tensor(float(step)), "exp_avg": first[name].float(),
                         "exp_avg_sq": second[name].float()} for index, name in enumerate(shapes)}
        group = {"lr": 2e-2, "betas": (0.8, 0.95), "eps": 1e-8, "weight_decay": 0.0, "params": list(range(len(shapes)))}
        model = {name: weights[name].to(dtypes[name]) for name in shapes}
        torch.save({"step": step, "model": model, "optimizer": {"state": state, "param_groups": [group]}},
                   os.path.join(folder, f"ckpt_{step}.pt"))
    return folder


def make_every_mode(folder):
    """Tensors that lossless groups code in every mode there is, of all types: trained ones with moments, ones that
    drift, that change here and there, that hold what no training leaves behind."""
    os.makedirs(folder)
    generator = torch.Generator().manual_seed(3)

    def normal(*shape, dtype=torch.float64):
        return torch.randn(shape, generator=generator, dtype=dtype)

    def bits(count, dtype):
        """Every kind of number: infinite ones, NaNs with payloads, denormals."""
        return torch.randint(0, 256, (count * dtype.itemsize,), generator=generator, dtype=torch.uint8).view(dtype)

    trained = {"double.weight": normal(40, 30) * 0.1, "faint.weight": normal(20, 16),
               "embedding.weight": (normal(300, 40) * 0.1).float(),
               "half.weight": (normal(70, 50) * 0.1).float(), "brain.weight": (normal(33, 65) * 0.1).float(),
               "large.weight": (normal(610, 450) * 0.02).float(), "bias": (normal(77) * 0.1).float()}
    first, second = ({name: torch.zeros(weight.shape, dtype=torch.float64) for name, weight in trained.items()}
                     for _ in range(2))
    copies = {"half.weight": torch.float16, "brain.weight": torch.bfloat16}
    for name in copies:
        trained[name][0, :4] = torch.tensor([float("inf"), -1e6, 1e-7, -1e-30])
    trained["half.weight"][1, 1] = float("nan")              # torch's NaN of bfloat16 is none that Varve makes
    drift = {"drift.double": (normal(25, 24), normal(25, 24) * 1e-3),
             "drift.complex": (normal(40, 20, dtype=torch.complex128), normal(40, 20, dtype=torch.complex128) * 1e-3),
             "drift.single": (normal(900), normal(900) * 1e-3), "drift.half": (normal(50, 30), normal(50, 30) * 0.02),
             "drift.brain": (normal(50, 30), normal(50, 30) * 0.1)}
    drift_dtypes = {"drift.single": torch.float32, "drift.half": torch.float16, "drift.brain": torch.bfloat16}
    sparse = {f"sparse.{dtype}".replace("torch.", ""): normal(1000, 5).to(dtype)
              for dtype in (torch.float32, torch.bfloat16, torch.float16)}
    small = {f"small.{dtype}".replace("torch.", ""): normal(60, 50).to(dtype)
             for dtype in (torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz)}
    small["small.int8"] = (normal(3000) * 20).to(torch.int8)
    kept = {f"bits.{dtype}".replace("torch.", ""): bits(700, dtype)
            for dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.int32)}
    kept |= {"tiny": torch.tensor(3.5), "none": torch.zeros(0, 7), "zero": torch.zeros(500),
             "one": torch.tensor(1 + 2j)}
    kept["wide.double"] = normal(500) * 10.0 ** (200 * normal(500))
    # With a few numbers that are out of the ordinary: escapes, small exponents, predictions that overflow.
    odd = {f"odd.{dtype}".replace("torch.", ""): normal(2000).to(dtype)
           for dtype in (torch.float16, torch.bfloat16, torch.float32)}
    for step in range(1, 6):
        for name, weight in trained.items():
            gradient = normal(*weight.shape) * normal(weight.shape[0], *[1] * (weight.ndim - 1)).abs() * 0.01
            if name == "embedding.weight":
                gradient[200 if step < 3 else 150:] = 0
            if name == "faint.weight":                       # second moments that float32 has no exponent for
                gradient *= 3e-17
            first[name].lerp_(gradient, 0.1)
            second[name].lerp_(gradient * gradient, 0.05)
            weight -= (1e-3 * first[name] / (second[name].sqrt() + 1e-8)).to(weight.dtype)
        for values in sparse.values():
            at = torch.randint(0, values.numel(), (60,), generator=generator)
            values.view(-1)[at] = (values.view(-1)[at].double() + normal(60) * 0.01).to(values.dtype)
        for name, values in small.items():
            moved = values.double() + normal(*values.shape) * (1 if name == "small.int8" else 0.05)
            small[name] = moved.clamp(-127, 127).to(values.dtype)
        for values in odd.values():
            values += (normal(2000) * 0.01).to(values.dtype)
            values[20 * step:20 * step + 20] = bits(20, values.dtype)
            values[-20 * step:] = torch.finfo(values.dtype).tiny * torch.arange(20 * step) / 16
            values[500:510] = torch.finfo(values.dtype).max
        moving = {name: (start + step * change + normal(*start.shape) * change.abs() * 0.01).to(
            drift_dtypes.get(name, start.dtype)) for name, (start, change) in drift.items()}
        wide = {"bits.sometimes": (normal(600) * 10.0 ** (-300 * normal(600).abs()) if step % 2 else normal(600))}
        dtypes = {name: torch.float64 if weight.dtype == torch.float64 else torch.float32
                  for name, weight in trained.items()}
        state = {index: {"step": torch.tensor(float(step)), "exp_avg": first[name].to(dtypes[name]),
                         "exp_avg_sq": second[name].to(dtypes[name])} for index, name in enumerate(trained)}
        for index, name in enumerate(trained):
            if name in copies:
                state[index]["master_param"] = trained[name].clone()
        group = {"lr": 1e-3, "betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": 0.0,
                 "params": list(range(len(trained)))}
        model = {name: weight.to(copies.get(name, weight.dtype)) for name, weight in trained.items()}
        model |= {**moving, **sparse, **small, **odd, **kept, **wide}
        torch.save({"step": step, "model": {name: values.clone() for name, values in model.items()},
                    "optimizer": {"state": state, "param_groups": [group]}}, os.path.join(folder, f"ckpt_{step}.pt"))
    return folder
