"""What the checks of sharded checkpoints train, and stand-ins for models whose code is not here."""
import torch

VOCABULARY, WIDTH, LENGTH = 130, 20, 12


class Small(torch.nn.Module):
    """A causal model whose sides no two or three ranks divide evenly."""

    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(VOCABULARY, WIDTH)
        self.layers = torch.nn.ModuleList([torch.nn.TransformerEncoderLayer(
            WIDTH, 2, 2 * WIDTH + 1, dropout=0.0, batch_first=True, norm_first=True) for _ in range(2)])
        self.head = torch.nn.Linear(WIDTH, VOCABULARY, bias=False)

    def forward(self, rows):
        mask = torch.triu(torch.ones(rows.shape[1], rows.shape[1], dtype=torch.bool), 1)
        values = self.embedding(rows)
        for layer in self.layers:
            values = layer(values, src_mask=mask)
        return self.head(values)


def small():
    torch.manual_seed(7)
    return Small()


def rows(generator, count=8):
    """A text of sorts: every row goes up by a step of its own."""
    start, step = (torch.randint(1, VOCABULARY, (count, 1), generator=generator) for _ in range(2))
    return (start + step * torch.arange(LENGTH)) % VOCABULARY


def loss_of(model, batch):
    values = model(batch[:, :-1]).float()
    return torch.nn.functional.cross_entropy(values.reshape(-1, VOCABULARY), batch[:, 1:].reshape(-1))


class Named(torch.nn.Module):
    """Parameters of given names and shapes, and nothing that computes with them."""

    def __init__(self, shapes):
        super().__init__()
        for name, shape in shapes.items():
            *path, last = name.split(".")
            inside = self
            for part in path:
                if part not in inside._modules:
                    inside.add_module(part, torch.nn.Module())
                inside = inside._modules[part]
            inside.register_parameter(last, torch.nn.Parameter(torch.zeros(shape)))


def llama():
    from transformers import LlamaConfig, LlamaForCausalLM
    torch.manual_seed(3)
    return LlamaForCausalLM(LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=24, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=64, tie_word_embeddings=False, bos_token_id=1, eos_token_id=2))
