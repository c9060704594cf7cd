"""A real Trainer on a tiny model: train_hf.py OUTPUT STEPS [ARCHIVE#STEP], which it resumes from."""

import logging
import sys
import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainerCallback, TrainingArguments, set_seed

import varve
from varve.transformers import VarveCallback

CONFIG = LlamaConfig(
    vocab_size=64, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
    num_key_value_heads=2, max_position_embeddings=32,
)  # fmt: skip


class Data(torch.utils.data.Dataset):
    def __len__(self):
        return 4000

    def __getitem__(self, index):
        ids = (torch.arange(16) * (1 + index % 5) + index) % 64
        return {"input_ids": ids, "labels": ids}


class Slowly(TrainerCallback):
    def on_step_end(self, args, state, control, **kwargs):
        time.sleep(0.05)


def main(output, steps, resume="", remove=""):
    logging.basicConfig(level=logging.INFO)
    torch.set_num_threads(1)
    set_seed(0)
    arguments = TrainingArguments(
        output, max_steps=int(steps), save_steps=10, save_total_limit=2, logging_steps=10, report_to=[],
        per_device_train_batch_size=8, learning_rate=3e-3, use_cpu=True, disable_tqdm=True, dataloader_num_workers=0,
    )  # fmt: skip
    callback = VarveCallback(quality="high", settle=0.2, remove_source=remove == "remove", threads=1)
    trainer = Trainer(LlamaForCausalLM(CONFIG), arguments, train_dataset=Data(), callbacks=[Slowly(), callback])
    if resume:
        archive, step = resume.split("#")
        with varve.open(archive).checkpoint(int(step)) as path:
            trainer.train(resume_from_checkpoint=str(path))
    else:
        trainer.train()
    print("finished at", trainer.state.global_step, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
