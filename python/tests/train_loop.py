"""A plain loop: train_loop.py OUTPUT STEPS [ARCHIVE STEP]."""

import sys
import time

import torch

import varve
import varve.torch


def main(output, steps, archive="", step=""):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = torch.nn.Sequential(torch.nn.Linear(32, 64), torch.nn.GELU(), torch.nn.Linear(64, 32))
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    first = 0
    if archive:
        with varve.open(archive).checkpoint(step) as path:
            saved = torch.load(path, weights_only=True)
        print(model.load_state_dict(saved["model"]))
        optimizer.load_state_dict(saved["optimizer"])
        first = saved["step"]
    for number in range(first + 1, int(steps) + 1):
        batch = torch.randn(8, 32)
        loss = torch.nn.functional.mse_loss(model(batch), batch.flip(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        time.sleep(0.02)
        if number % 10 == 0:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": number}
            varve.torch.save(state, f"{output}/ckpt_{number}.pt", quality="high")
    varve.torch.wait()
    print("finished at", int(steps), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
