"""Makes runs/whole_module: a model pickled whole beside its optimizer's state, as ultralytics and YOLOv5 save it.

python make_whole_module.py     in this folder, with torch; writes runs/whole_module and runs/expected/whole_module.json
"""
import hashlib
import json
import os

import torch
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))


class Block(nn.Module):
    def __init__(self, channels, out):
        super().__init__()
        self.conv = nn.Conv2d(channels, out, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(out)

    def forward(self, x):
        return self.bn(self.conv(x)).relu()


class Net(nn.Module):
    """With a layer that occurs twice, a weight that two layers share, and a buffer that looks like that weight."""

    def __init__(self):
        super().__init__()
        shared = Block(8, 8)
        self.model = nn.Sequential(Block(3, 8), shared, shared)
        self.code, self.decode = nn.Linear(8, 6, bias=False), nn.Linear(8, 6)
        self.decode.weight = self.code.weight
        self.scale = nn.Parameter(torch.ones(1))
        self.register_buffer("keep", torch.rand(6, 8))

    def forward(self, x):
        x = self.model(x).mean((2, 3))
        return self.scale * (self.code(x) + self.decode(x) + x @ self.keep.T)


def digest(tensor):
    return {"sha256": hashlib.sha256(tensor.detach().contiguous().numpy().tobytes()).hexdigest(),
            "dtype": {torch.float32: "F32", torch.int64: "I64"}[tensor.dtype]}


def expected(net, optimizer, step, name):
    order = [own for own, _ in net.named_parameters()]
    state = optimizer.state_dict()["state"]
    parameters, seen = [], set()
    for own, tensor in net.state_dict().items():
        if tensor.data_ptr() in seen:
            continue
        seen.add(tensor.data_ptr())
        found = {"name": own, "shape": list(tensor.shape), "dtype": digest(tensor)["dtype"], "weight": digest(tensor)}
        if own in order:
            slot = state[order.index(own)]
            for role, key in (("firstMoment", "exp_avg"), ("secondMoment", "exp_avg_sq")):
                found[role] = digest(slot[key]) | {"shape": list(tensor.shape)}
            found["other"] = {"step": digest(slot["step"]) | {"shape": []}}
        else:
            found["buffer"] = True
        parameters.append(found)
    return {"step": step, "checkpoint": name, "parameters": parameters}


def main():
    torch.manual_seed(0)
    net = Net()
    optimizer = torch.optim.AdamW(net.parameters(), 1e-3)
    os.makedirs(f"{HERE}/runs/whole_module", exist_ok=True)
    steps = []
    for step in range(1, 21):
        loss = ((net(torch.randn(4, 3, 8, 8)) - 1) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            name = f"step{step}.pt"
            torch.save({"step": step, "model": net, "optimizer": optimizer.state_dict()},
                       f"{HERE}/runs/whole_module/{name}")
            steps.append(expected(net, optimizer, step, name))
    with open(f"{HERE}/runs/expected/whole_module.json", "w") as file:
        json.dump({"steps": steps}, file, indent=0)


if __name__ == "__main__":
    main()
