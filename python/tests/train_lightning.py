"""A real Lightning training on a tiny model: train_lightning.py OUTPUT STEPS callback|io [ARCHIVE#STEP]."""

import logging
import sys
import time

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from varve.lightning import VarveCallback, VarveCheckpointIO


class Model(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(32, 64), torch.nn.GELU(), torch.nn.Linear(64, 32))

    def training_step(self, batch, index):
        time.sleep(0.05)
        return torch.nn.functional.mse_loss(self.layers(batch), batch.flip(-1))

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), 1e-3)


def main(output, steps, way, resume=None):
    logging.basicConfig(level=logging.INFO)
    torch.set_num_threads(1)
    pl.seed_everything(0)
    data = torch.utils.data.DataLoader(torch.randn(64, 32), batch_size=8)
    saving = ModelCheckpoint(output, filename="{step}", every_n_train_steps=10, save_top_k=2, monitor="step", mode="max")
    callbacks, plugins = [saving], []
    if way == "callback":
        callbacks.append(VarveCallback(quality="high", settle=0.2, threads=1))
    plugins.append(VarveCheckpointIO(archive=output + ".varve", quality="high") if way == "io" else VarveCheckpointIO())
    if way == "callback":
        plugins[0].save_checkpoint = plugins[0]._inner.save_checkpoint  # it only reads archives here
        plugins[0].remove_checkpoint = plugins[0]._inner.remove_checkpoint
    trainer = pl.Trainer(
        accelerator="cpu", max_steps=int(steps), callbacks=callbacks, plugins=plugins, logger=False,
        enable_progress_bar=False, enable_model_summary=False, default_root_dir=output,
    )  # fmt: skip
    trainer.fit(Model(), data, ckpt_path=resume, weights_only=False)
    print("finished at", trainer.global_step, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
