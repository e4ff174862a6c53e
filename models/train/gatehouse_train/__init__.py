"""Training recipe of Gatehouse's own models: synthetic plates, a plate detector and a plate reader."""
