"""Square matrices of one trained layer, for `TransformBench`: what the transform costs and gains by the side of a matrix.

python sides.py OUT [--sides 128,256,...]    writes OUT/N-{0,1,2,3}-{weight,first,second}.f32 for each side N

A layer of N x N between a fixed random embedding of eight bytes of text and a trained readout, AdamW, float32; four
states eight steps apart. Training, not a distribution.
"""
import argparse
import os

import torch

from make_run import text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--sides", default="128,256,512,1024,2048,4096,8192")
    a = parser.parse_args()
    os.makedirs(a.out, exist_ok=True)
    data = text()
    for side in map(int, a.sides.split(",")):
        torch.manual_seed(side)
        embedding = torch.randn(8, 256, side) / 8**0.5
        layer = torch.nn.Linear(side, side, bias=False)
        readout = torch.nn.Linear(side, 256)
        optimizer = torch.optim.AdamW([*layer.parameters(), *readout.parameters()], lr=1e-3, betas=(0.9, 0.95))
        generator = torch.Generator().manual_seed(side)
        for step in range(1, 41):
            places = torch.randint(0, len(data) - 9, (512,), generator=generator)
            x = sum(embedding[i][data[places + i]] for i in range(8))
            logits = readout(torch.nn.functional.gelu(layer(x)) + x)
            loss = torch.nn.functional.cross_entropy(logits, data[places + 8])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            if step >= 16 and step % 8 == 0:
                state = optimizer.state[layer.weight]
                for name, tensor in (("weight", layer.weight), ("first", state["exp_avg"]), ("second", state["exp_avg_sq"])):
                    tensor.detach().numpy().tofile(f"{a.out}/{side}-{step // 8 - 2}-{name}.f32")
        print(side, round(loss.item(), 3), flush=True)


if __name__ == "__main__":
    main()
