// Danish. Short and plain; a person reads it on a phone. en.js has the same names (a test compares them).
export default {
  lang: 'da',
  language: 'Dansk',
  otherLanguage: { da: 'Dansk', en: 'English' },
  title: 'Indsigt',
  skip: 'Gå til indhold',
  signin: {
    title: 'Hvem har set mine oplysninger?',
    lead: 'Her kan du se, hvilke myndigheder der har slået op i dine oplysninger: hvornår, i hvilket system og hvorfor.',
    button: 'Log ind',
    busy: 'Går til login …',
    demo: 'Dette er en prøve med opdigtede personer. Du vælger en af dem på næste side.',
    facts: ['Du kan selv kontrollere, at intet er udeladt. Det sker i din egen browser.',
      'Er noget holdt tilbage, kan du se hvor meget, og hvornår det bliver vist.',
      'Siden gemmer ikke, hvad du ser, og sporer dig ikke.'],
    numbers: 'Se tal for alle uden at logge ind',
    failed: {
      away: 'Login svarer ikke lige nu. Vent et øjeblik, og prøv igen.',
      wrong: 'Login svarede på en måde, som siden ikke kan bruge. Prøv igen. Bliver det ved, så giv besked til dem, der driver siden.',
      stopped: 'Du afbrød login. Du kan prøve igen, når du vil.',
      stale: 'Login blev for gammelt eller var begyndt et andet sted. Log ind igen.',
    },
    ended: {
      time: 'Du er logget ud, fordi tiden er gået. Det beskytter dine oplysninger. Log ind igen for at fortsætte.',
      refused: 'Dit login gælder ikke længere. Log ind igen for at fortsætte.',
      asked: 'Du er logget ud.',
    },
  },
};
