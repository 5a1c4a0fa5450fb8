// English. As da.js.
export default {
  lang: 'en',
  language: 'English',
  otherLanguage: { da: 'Dansk', en: 'English' },
  title: 'Indsigt',
  skip: 'Skip to content',
  signin: {
    title: 'Who has looked at my data?',
    lead: 'Here you can see which authorities have looked up your data: when, in which system and why.',
    button: 'Sign in',
    busy: 'Going to sign-in …',
    demo: 'This is a trial with invented people. You choose one of them on the next page.',
    facts: ['You can check for yourself that nothing was left out. It is done in your own browser.',
      'If something is held back, you can see how much, and when it will be shown.',
      'This page does not store what you see, and does not track you.'],
    numbers: 'See figures for everybody without signing in',
    failed: {
      away: 'Sign-in does not answer right now. Wait a moment and try again.',
      wrong: 'Sign-in answered in a way that this page cannot use. Try again. If it goes on, tell those who run this page.',
      stopped: 'You stopped the sign-in. You can try again whenever you like.',
      stale: 'The sign-in was too old or was begun somewhere else. Sign in again.',
    },
    ended: {
      time: 'You have been signed out because time is up. That protects your data. Sign in again to go on.',
      refused: 'Your sign-in is no longer valid. Sign in again to go on.',
      asked: 'You are signed out.',
    },
  },
};
