"""Scoring of data frames by ``mlmodel.v1.ScoringService``, without a server (GRP-021 ff).

:mod:`~mlmodel.scoring.v1.rpc` answers calls, from a message to a message;
:mod:`mlmodel.scoring.clients.frames` is the other side: what a client sends, and what it gets.
"""
