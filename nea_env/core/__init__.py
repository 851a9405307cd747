"""The simulator: NumPy and Numba only, batched over firms, for any regime given as numbers.

In reading order:

* ``layout``, and ``parameters`` with its tables by scenario, month and event: every column of every array, declared
  once. Kernels read a column's number from its table, as in ``state[State.FRONT, i]``.
* ``rules``: the law by mechanism, as pure functions of scalars.
* ``lowering``: a scenario becomes numbers. Periods and what is published when (``periods``, ``outlook``), the steps
  that fall due (``events``), the months (``statute_months``, ``market_months``, ``power``), drawn statutes
  (``draws``), and the whole market where the price is its equilibrium (``aggregate``, solved by ``equilibrium``);
  ``tables`` joins them.
* ``blocks``: firms are stored in blocks of 64, column by column, and a run of them plays the same month at once.
* ``play``: the month. Firms decide (``decisions``), orders are filled (``clearing``, ``foreign``), the law settles
  (``settlement``, ``booking``), the new month brings news (``news``, ``links``, ``chain``), and what it allows and
  suggests is found (``plan``) and shown (``observe``). ``step`` is what a batch calls.
* ``batch``: the public interface, with ``market`` and ``saving``; ``rng``, ``elementary``, ``jit``, ``cache``, ``pool``
  and ``interruption`` serve them all.

One action, ``trade``: an environment of ``envs`` hands it to `Batch.step`; ``decisions.order`` turns it into tonnes
within the volume limit and what is held; ``clearing.clear`` finds the price and what is won at auction;
``clearing.fill_front`` books tonnes and money; ``settlement`` surrenders the units in the deadline's month; ``observe``
shows what is left.

One number of the law, the net-sales multiple of the carry-over: the regime's YAML holds it with its source,
``scenario.rules.BankingRule`` validates it, ``lowering.events.deadline_values`` puts it into the deadline's event as
``Event.BANK_MULTIPLE``, ``settlement`` and ``plan`` pass it to ``rules.banking.carry_limit``, and ``lowering.outlook``
says from when on the observation shows it.
"""
