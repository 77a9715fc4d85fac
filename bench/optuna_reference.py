"""Optuna on the table of search-table.mjs, in the same way: python3 optuna_reference.py TABLE BUDGET...

Prints a list of {"name", "regrets": [[at each budget] for each seed]}. Each method gets 45 seconds, and 30 seeds at most. Exits 3
when Optuna is not installed.
"""

import json
import random
import sys
import time
import warnings

try:
    import optuna
except ModuleNotFoundError:
    sys.exit(3)

SECONDS = 45
SEEDS = 30


def main() -> None:
    table = json.load(open(sys.argv[1]))
    budgets = [int(text) for text in sys.argv[2:]]
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore")
    entries = {key(e[0], *e[1:4]): [[right / 5 for right in seed] for seed in e[5]] for e in table["entries"]}
    methods = {
        f"Optuna {optuna.__version__} TPE, full trainings": optuna.pruners.NopPruner,
        f"Optuna {optuna.__version__} TPE + successive halving": lambda: optuna.pruners.SuccessiveHalvingPruner(
            min_resource=table["epochs"][0], reduction_factor=3
        ),
    }
    found = [{"name": name, "regrets": in_time(table, entries, pruner, budgets)} for name, pruner in methods.items()]
    print(json.dumps(found))


def in_time(table, entries, pruner, budgets):
    began = time.monotonic()
    found = []
    for seed in range(SEEDS):
        found.append(regrets(table, entries, pruner(), (seed, budgets)))
        if len(found) >= 2 and time.monotonic() - began > SECONDS:
            break
    return found


def regrets(table, entries, pruner, run):
    seed, budgets = run
    finals = {name: sum(values[-1] for values in by_seed) / len(by_seed) for name, by_seed in entries.items()}
    best = max(finals.values())
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True), pruner=pruner)
    draws = random.Random(seed)
    full = (float("-inf"), None)
    found = []
    spent = 0
    while True:
        trial = study.ask()
        name = suggest(trial, table["space"])
        values = draws.choice(entries[name])
        before = 0
        for epochs, value in zip(table["epochs"], values):
            spent += epochs - before
            before = epochs
            while len(found) < len(budgets) and spent > budgets[len(found)]:
                found.append(best - finals[full[1]] if full[1] else best)
            if len(found) == len(budgets):
                return found
            trial.report(value, epochs)
            if epochs != table["epochs"][-1] and trial.should_prune():
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            study.tell(trial, values[-1])
            full = max(full, (values[-1], name))


def suggest(trial, space):
    depth = trial.suggest_int("depth", space["depth"][0], space["depth"][-1])
    place = lambda name, of: trial.suggest_int(name, 0, len(of) - 1)
    widths = [space["width"][place(f"width_{layer}", space["width"])] for layer in range(1, depth + 1)]
    act = trial.suggest_categorical("act", list(range(len(space["act"]))))
    return key(widths, act, place("lr", space["lr"]), place("batch", space["batch"]))


def key(widths, *places):
    return json.dumps([widths, *places])


main()
