"""A run with the sizes of a real one: a GPT-NeoX model trained on the source text of Python's standard library, saved
as the Hugging Face Trainer saves (fp32 weights, AdamW state in fp32), a few steps apart.

python make_run.py OUT [--layers 16] [--checkpoints 6]    16 layers of width 1024: 202 M parameters, 2.4 GB a checkpoint

The statistics are those of training because it is training: nothing is drawn from a distribution. Needs torch,
transformers and safetensors. Memory: 20 bytes a parameter.
"""
import argparse
import json
import os
import sysconfig
import time

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM


def text() -> torch.Tensor:
    root, parts = sysconfig.get_paths()["stdlib"], []
    for folder, folders, files in sorted(os.walk(root)):
        folders.sort()
        if "site-packages" in folder or "test" in folder:
            continue
        for name in sorted(files):
            if name.endswith(".py"):
                with open(os.path.join(folder, name), "rb") as file:
                    parts.append(file.read())
    return torch.from_numpy(np.frombuffer(b"\n".join(parts), dtype=np.uint8).astype(np.int64))


def save(model, optimizer, folder: str, step: int):
    """As the Trainer: beside, then renamed, so that a watching `varve` never sees half of it as whole."""
    os.makedirs(folder + ".partial", exist_ok=True)
    state = {name: tensor.detach() for name, tensor in model.state_dict().items()}
    save_file(state, f"{folder}.partial/model.safetensors", metadata={"format": "pt"})
    torch.save(optimizer.state_dict(), f"{folder}.partial/optimizer.pt")
    with open(f"{folder}.partial/trainer_state.json", "w") as file:
        json.dump({"global_step": step}, file)
    os.rename(folder + ".partial", folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    for name, kind, default in (("width", int, 1024), ("layers", int, 16), ("checkpoints", int, 6), ("first", int, 16),
                                ("every", int, 8), ("batch", int, 4), ("length", int, 128), ("lr", float, 3e-4),
                                ("seed", int, 0)):
        parser.add_argument(f"--{name}", type=kind, default=default)
    parser.add_argument("--after", help="a shell command run after each checkpoint")
    a = parser.parse_args()
    torch.manual_seed(a.seed)
    torch.set_num_threads(os.cpu_count() or 1)
    data = text()
    model = GPTNeoXForCausalLM(GPTNeoXConfig(
        vocab_size=256, hidden_size=a.width, num_hidden_layers=a.layers, max_position_embeddings=256,
        num_attention_heads=max(2, a.width // 64), intermediate_size=4 * a.width))
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}], lr=a.lr, betas=(0.9, 0.95))
    last = a.first + (a.checkpoints - 1) * a.every
    generator = torch.Generator().manual_seed(a.seed)
    print(sum(p.numel() for p in model.parameters()), "parameters,", last, "steps", flush=True)
    model.train()
    start = time.time()
    for step in range(1, last + 1):
        for group in optimizer.param_groups:
            group["lr"] = a.lr * min(1, step / 10)
        x = torch.stack([data[i:i + a.length]
                         for i in torch.randint(0, len(data) - a.length, (a.batch,), generator=generator)])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = model(input_ids=x, labels=x).loss
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step >= a.first and (step - a.first) % a.every == 0:
            print(step, round(loss.item(), 3), round(time.time() - start, 1), "s", flush=True)
            save(model, optimizer, f"{a.out}/checkpoint-{step}", step)
            if a.after and os.system(a.after):
                raise SystemExit("the command after a checkpoint failed")


if __name__ == "__main__":
    main()
